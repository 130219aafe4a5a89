package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/recordings"
	"github.com/firepost/firepost/firmware-sim/replay"
	"github.com/firepost/firepost/firmware-sim/rig"
)

// The lines of the simulated board, as demo.toml names them.
const (
	callPoint  = "GPIO17"
	sirenLine  = "GPIO5"
	strobeLine = "GPIO6"
)

// The sensors of demo.toml that feel what was recorded.
const (
	airName  = "ceiling-air"
	dustName = "ceiling-dust"
)

func followers() []string { return []string{airName, dustName} }

// builtIn is the recording that is played when none is named.
const builtIn = "fire_nist_sdc10_near"

// room is what is around the parts of a site on a simulated board: nothing, or a recorded room
// whose measured values they feel.
type room struct {
	board  *board.Board
	rig    *rig.Rig
	site   *site.Site
	record *replay.Recording // nil: nothing is played
	player *replay.Player
	speed  int
	fire   time.Duration // when the fire starts, in the time of the playing
}

// openRoom builds the board for a recording: one built in, or a .csv with its .json beside it.
// The clocks of its chips run speed times as fast.
func openRoom(recording string, speed int) (*room, error) {
	files, id := recordings.Files(), recording
	if id == "" {
		id = builtIn
	} else if strings.HasSuffix(id, ".csv") {
		files, id = os.DirFS(filepath.Dir(id)), strings.TrimSuffix(filepath.Base(id), ".csv")
	}
	r, err := replay.Load(files, id)
	if err != nil {
		return nil, err
	}
	s, err := demoSiteAt(speed)
	if err != nil {
		return nil, err
	}
	m, err := roomOf(s, speed)
	if err != nil {
		return nil, err
	}
	air, errAir := chipAt[*chip.SHT4x](m.rig, airName)
	dust, errDust := chipAt[*chip.SPS30](m.rig, dustName)
	if err := errors.Join(errAir, errDust); err != nil {
		return nil, err
	}
	m.record = r
	if m.player, err = replay.NewPlayer(r, replay.Parts{Climate: air, Particles: dust}); err != nil {
		return nil, err
	}
	m.fire, _ = r.FireStart()
	m.player.Set(0)
	m.rig.Follow(followers()...)
	return m, nil
}

// roomOf builds the board of a site, in a room where nothing happens by itself.
func roomOf(s *site.Site, speed int) (*room, error) {
	b := board.New(board.Options{})
	fast := func() time.Duration { return b.Now() * time.Duration(speed) }
	parts, err := rig.New(s, b, fast)
	if err != nil {
		return nil, err
	}
	return &room{board: b, rig: parts, site: s, speed: speed}, nil
}

// chipAt is the chip of a part of the site.
func chipAt[C chip.Chip](r *rig.Rig, name string) (c C, err error) {
	p, err := r.Part(name)
	if err != nil {
		return c, err
	}
	c, ok := p.Chip().(C)
	if !ok {
		return c, fmt.Errorf("%s is %T", name, p.Chip())
	}
	return c, nil
}

// play moves the room along the recording, which was at the moment from at start, until it is over
// or ctx ends.
func (m *room) play(ctx context.Context, start time.Time, from time.Duration) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		t := from + time.Since(start)*time.Duration(m.speed)
		m.player.Set(t)
		if t >= m.record.Ends() {
			m.rig.Follow() // nothing any more
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Who may act on the page of a simulated site. It is no secret.
const demoOperator, demoPIN = "7", "2468"

// operatorText is the operator as a row of a site file.
func operatorText() (string, error) {
	hash, err := site.HashPIN(demoPIN)
	return fmt.Sprintf("\n[[operator]]\nnumber = %s\nname = \"演示 Demo\"\nlevel = 2\npin = %q\n",
		demoOperator, hash), err
}

var placeholder = regexp.MustCompile(`\{\{([0-9a-z]+)\}\}`)

// bracesNote is for who reads demo.toml, not for who reads the site file made of it.
const bracesNote = "# Times in double braces are divided by --speed before it is read.\n"

// siteText is demo.toml with its times divided by speed, as the chips' clocks run ahead.
func siteText(speed int) (string, error) {
	var wrong error
	text := placeholder.ReplaceAllStringFunc(demoSite, func(word string) string {
		d, err := time.ParseDuration(strings.Trim(word, "{}"))
		if err != nil {
			wrong = fmt.Errorf("demo.toml: %s: %w", word, err)
			return word
		}
		d = max(d/time.Duration(speed), 100*time.Millisecond)
		if d%time.Second == 0 {
			return fmt.Sprintf("%d s", d/time.Second)
		}
		return fmt.Sprintf("%d ms", d.Milliseconds())
	})
	return strings.Replace(text, bracesNote, "", 1), wrong
}
