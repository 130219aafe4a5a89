package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aead.dev/minisign"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/provisioning"
)

// remote is a box whose district may push site files.
type remote struct {
	*rig
	path, text string // of the local file
	key        minisign.PrivateKey
}

// people are an engineer, who may accept a file that weakens, and a man on duty, who may not.
func people(t *testing.T) string {
	t.Helper()
	pin, err := site.HashPIN("2468")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("\n[[operator]]\nnumber = 3\nname = \"工程师\"\nlevel = 3\npin = %q\n"+
		"\n[[operator]]\nnumber = 7\nname = \"王强\"\nlevel = 2\npin = %q\n", pin, pin)
}

func newRemote(t *testing.T, more string) *remote {
	t.Helper()
	public, key, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &remote{key: key}
	m.rig = newRig(t, func(r *rig, text *string, o *Options) {
		*text += more
		_, err := provisioning.Create(filepath.Join(r.dir, "identity"), provisioning.District{
			Tenant: "test", Brokers: []string{"mqtt://district.example"}, Insecure: true, Sim: true,
			SiteKeys: []string{public.String()},
		})
		if err != nil {
			t.Fatal(err)
		}
		m.text = *text
	}, fromFile(&m.path)).run()
	m.sleepUntil(5 * time.Second)
	return m
}

// signed are the args that bring a file.
func (m *remote) signed(base, text string) []byte {
	m.Helper()
	about := sitefile.TrustedComment(m.status().Identity.Device, base)
	args, err := json.Marshal(map[string]string{
		"base": base, "file": text,
		"sig": string(minisign.SignWithComments(m.key, []byte(text), about, "test")),
	})
	if err != nil {
		m.Fatal(err)
	}
	return args
}

// with is the local file with one change.
func (m *remote) with(was, is string) string {
	m.Helper()
	if !strings.Contains(m.text, was) {
		m.Fatalf("the site has no %q", was)
	}
	return strings.Replace(m.text, was, is, 1)
}

func (m *remote) push(id, text string) {
	m.Helper()
	m.pushArgs(id, m.signed(site.HashOf([]byte(m.text)), text))
}

func (m *remote) pushArgs(id string, args []byte) {
	m.Helper()
	m.send(wire.Command{
		ID: id, Name: wire.CmdSite, Args: args, Issued: time.Now(),
		Expires: time.Now().Add(time.Hour),
	})
	m.after2s()
}

func (m *remote) after2s() {
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

// list is that of the answer to a command.
func (m *remote) list(id string) (list []string) {
	for _, x := range m.district.messages(func(x message) bool { return x.leaf == wire.UpRsp }) {
		var a struct {
			ID   string
			List []string
		}
		if json.Unmarshal(x.Data, &a) == nil && a.ID == id {
			list = append(list, a.List...)
		}
	}
	return list
}

// decide is POST /site of somebody at the box.
func (m *remote) decide(action string, operator int) (code int, ans Answer) {
	m.Helper()
	hash := ""
	if o := m.status().Site.Offer; o != nil && action == SiteAccept {
		hash = o.Hash[:leastHash]
	}
	return m.decideOn(action, hash, operator)
}

// decideOn is decide about the file that a hash names.
func (m *remote) decideOn(action, hash string, operator int) (code int, ans Answer) {
	m.Helper()
	body := fmt.Sprintf(`{"action":%q,"hash":%q,"operator":%d,"pin":"2468"}`, action, hash,
		operator)
	w := httptest.NewRecorder()
	m.agent.Control().ServeHTTP(w, httptest.NewRequest("POST", "/site", strings.NewReader(body)))
	if json.Unmarshal(w.Body.Bytes(), &ans) != nil {
		m.Errorf("%s: %d %s", action, w.Code, w.Body)
	}
	return w.Code, ans
}

// records are what the panel has recorded of pushed files.
func (m *remote) records() (list []string) {
	for _, e := range m.heard(alarm.SiteFile) {
		list = append(list, e.Matter.ID+" "+e.Reason)
	}
	return list
}

// Of the small site: what a change begins with, a harmless one and one that weakens.
const (
	heatFrom = `from = "air.temperature"`
	sooner   = heatFrom + "\nconfirm = \"1 s\""
	higher   = heatFrom + "\nprealarm = \"46 °C\"\nalarm = \"70 °C\""
)

// A file that protects people no less is tried at once and kept after ten minutes with the line up
// and without a new fault. It counts from then on, also after a restart, until somebody on site
// edits the local file.
func TestPushedFileIsTriedAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, "")
		text := m.with(heatFrom, sooner)
		m.push("c-1", text)
		m.wantAnswers("c-1", "executing")
		if got := m.agent.site().Hash; got != site.HashOf([]byte(text)) {
			t.Errorf("in use: %s", got)
		}
		if s := m.status().Site; s.From != sitefile.FromTrial || s.Offer == nil || !s.Offer.Trial {
			t.Errorf("status: %+v", s)
		}
		m.push("c-2", m.with(heatFrom, heatFrom+"\nname = \"x\""))
		m.wantAnswers("c-2", "rejected busy")
		m.sleepUntil(11 * time.Minute)
		m.wantAnswers("c-1", "executing", "done")
		if got := m.records(); !slices.Equal(got, []string{"c-1 trial", "c-1 kept"}) {
			t.Errorf("recorded %q", got)
		}
		m.end()
		if s, _, err := LoadSite(m.path, m.dir); err != nil || s.Hash != site.HashOf([]byte(text)) {
			t.Errorf("after a restart: %v, %v", s, err)
		}
		edited := m.text + "# by hand\n"
		if err := os.WriteFile(m.path, []byte(edited), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, _, err := LoadSite(m.path, m.dir); err != nil || s.Hash != site.HashOf([]byte(edited)) {
			t.Errorf("after an edit: %v, %v", s, err)
		}
	})
}

// A file comes to one end when the disk hangs: one that has not begun within a minute is over and
// never tried, and one that has begun is waited for.
func TestPushOfAHungDiskComesToOneEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, "")
		hash := m.agent.site().Hash
		go inRoom(t.Context(), m.agent, func(*siteRoom, context.Context) struct{} {
			time.Sleep(90 * time.Second)
			return struct{}{}
		})
		synctest.Wait()
		text := m.with(heatFrom, sooner)
		m.push("c-1", text)
		time.Sleep(2 * time.Minute)
		m.wantAnswers("c-1", "interrupted")
		if m.agent.site().Hash != hash || len(m.records()) > 0 {
			t.Errorf("in use: %s, recorded %q", m.agent.site().Hash, m.records())
		}
		var once sync.Once
		m.agent.step = func() error {
			once.Do(func() { time.Sleep(90 * time.Second) })
			return nil
		}
		m.push("c-2", text)
		time.Sleep(2 * time.Minute)
		m.wantAnswers("c-2", "executing")
		if m.agent.site().Hash == hash {
			t.Error("the file that has begun is not tried")
		}
		m.end()
	})
}

// A file that protects people less changes nothing until a person of level 3 accepts it, who is
// told what exactly; the district is told the same.
func TestPushThatWeakensWaitsForAPersonOnSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		hash := m.agent.site().Hash
		m.push("c-1", m.with(heatFrom, higher))
		m.wantAnswers("c-1", "accepted waiting")
		const says = "point heat-1: alarm (temperature, above) limit 56 °C becomes 70 °C"
		if !slices.Contains(m.list("c-1"), says) {
			t.Errorf("the district is told %q", m.list("c-1"))
		}
		m.after2s()
		o := m.status().Site.Offer
		if o == nil || !slices.ContainsFunc(o.Weakens, func(w alarm.Text) bool {
			return w.En == says && strings.Contains(w.Zh, "改为")
		}) {
			t.Fatalf("the panel tells %+v", o)
		}
		if code, ans := m.decide(SiteAccept, 7); code != http.StatusConflict || ans.Done {
			t.Errorf("by the man on duty: %d %+v", code, ans)
		}
		if m.agent.site().Hash != hash {
			t.Fatal("it counts before anybody has accepted it")
		}
		if code, ans := m.decide(SiteAccept, 3); code != http.StatusOK || !ans.Done {
			t.Fatalf("by the engineer: %d %+v", code, ans)
		}
		m.after2s()
		m.wantAnswers("c-1", "accepted waiting", "executing")
		if m.agent.site().Hash == hash {
			t.Error("it does not count")
		}
		if code, ans := m.decide(SiteRollback, 3); code != http.StatusOK || !ans.Done {
			t.Fatalf("taken back: %d %+v", code, ans)
		}
		m.after2s()
		m.wantAnswers("c-1", "accepted waiting", "executing", "failed person")
		if m.agent.site().Hash != hash {
			t.Error("the old one does not count again")
		}
		m.end()
	})
}

// edit is a local edit of somebody on site, who has not told the program of it.
func (m *remote) edit(text string) {
	m.Helper()
	if err := os.WriteFile(m.path, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
}

// Who takes back the file that was kept gets the local one, although another one waits; and the one
// that waits is shown with what it changes now.
func TestRollbackTakesBackTheFileInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		hash := m.agent.site().Hash
		m.push("c-1", m.with(heatFrom, higher))
		m.decide(SiteAccept, 3)
		m.sleepUntil(15 * time.Minute)
		m.push("c-2", m.with(heatFrom, higher+"\nconfirm = \"30 s\""))
		m.wantAnswers("c-2", "accepted waiting")
		if code, ans := m.decide(SiteRollback, 3); code != http.StatusOK || !ans.Done {
			t.Fatalf("taken back: %d %+v", code, ans)
		}
		m.after2s()
		m.wantAnswers("c-2", "accepted waiting")
		s := m.status().Site
		if m.agent.site().Hash != hash || s.From != sitefile.FromLocal {
			t.Errorf("in use: %s from %s", m.agent.site().Hash, s.From)
		}
		if got := m.records(); got[len(got)-1] != "c-1 rolled back" {
			t.Errorf("recorded %q", got)
		}
		if s.Offer == nil || len(s.Offer.Weakens) < 2 {
			t.Errorf("what waits: %+v", s.Offer)
		}
		m.end()
	})
}

// A file is compared with the local one that it is based on, and not only with the one in use,
// which may be an older one.
func TestPushIsComparedWithTheLocalFileToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		stricter := m.with(heatFrom, heatFrom+"\nprealarm = \"40 °C\"\nalarm = \"50 °C\"")
		m.edit(stricter)
		base := site.HashOf([]byte(stricter))
		m.pushArgs("c-1", m.signed(base, m.with(heatFrom, sooner)))
		m.wantAnswers("c-1", "accepted waiting")
		const says = "point heat-1: alarm (temperature, above) limit 50 °C becomes 56 °C"
		if !slices.Contains(m.list("c-1"), says) {
			t.Errorf("the district is told %q", m.list("c-1"))
		}
		m.end()
	})
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		fewer := m.text[:strings.Index(m.text, "\n[[operator]]\nnumber = 7")+1]
		m.edit(fewer)
		m.pushArgs("c-1", m.signed(site.HashOf([]byte(fewer)), m.with(heatFrom, sooner)))
		m.wantAnswers("c-1", "rejected not_permitted operators")
		m.end()
	})
}

// Who accepts names the file that he has seen: another one that has come since is not meant.
func TestAcceptIsOfTheFileThatWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		hash := m.agent.site().Hash
		m.push("c-1", m.with(heatFrom, heatFrom+"\nprealarm = \"46 °C\"\nalarm = \"57 °C\""))
		seen := m.status().Site.Offer.Hash
		m.sleepUntil(61 * time.Minute)
		m.push("c-2", m.with(heatFrom, higher))
		for _, named := range []string{"", m.status().Site.Offer.Hash[:leastHash-1], seen} {
			code, ans := m.decideOn(SiteAccept, named, 3)
			if code != http.StatusConflict || ans.Reason != SiteOther || m.agent.site().Hash != hash {
				t.Errorf("accepted %q: %d %+v", named, code, ans)
			}
		}
		m.wantAnswers("c-2", "accepted waiting")
		m.end()
	})
}

// A broken edit of the local file ends a trial: the last good file counts again, and nothing that
// has not passed stays.
func TestBrokenEditEndsATrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, "")
		if _, _, err := LoadSite(m.path, m.dir); err != nil { // as the program began
			t.Fatal(err)
		}
		hash := m.agent.site().Hash
		m.push("c-1", m.with(heatFrom, sooner))
		m.wantAnswers("c-1", "executing")
		m.edit(m.text + "\nnonsense =\n")
		if r, err := m.agent.Reload(t.Context()); err != nil || r.Reason != ReloadMistakes {
			t.Errorf("reload: %+v, %v", r, err)
		}
		m.after2s()
		m.wantAnswers("c-1", "executing", "failed local_edit")
		if s := m.status().Site; s.Hash != hash || s.From != sitefile.FromGood || s.Rejected == "" {
			t.Errorf("in use: %+v, want %s", s, hash)
		}
		m.end()
	})
}

// kept is a box on which a pushed file has passed its trial, after its end.
func kept(t *testing.T, more string) (m *remote, text string) {
	t.Helper()
	m = newRemote(t, more)
	text = m.with(heatFrom, sooner)
	m.push("c-1", text)
	m.sleepUntil(12 * time.Minute)
	m.wantAnswers("c-1", "executing", "done")
	m.end()
	return m, text
}

// again is the same box after a restart that has found a site and what is wrong.
func (m *remote) again(s *site.Site, rejected error) *remote {
	m.Helper()
	two := &remote{path: m.path, text: m.text, key: m.key}
	two.rig = newRig(m.T, func(r *rig, text *string, o *Options) {
		r.dir, *text = m.dir, m.text
		o.File, o.Page, o.Rejected = m.path, "off", rejected
	})
	two.agent.adopt(s)
	two.run()
	two.after2s()
	return two
}

// A damaged file of the district is a fault with words, also when the program was told of nothing
// at its start, until it is taken back.
func TestDamagedPushedFileIsAFault(t *testing.T) {
	for _, told := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m, _ := kept(t, people(t))
			name := filepath.Join(m.dir, "site", "pushed.toml")
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)-2] ^= 1
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s, rejected, err := LoadSite(m.path, m.dir)
			if err != nil || rejected == nil || !strings.Contains(rejected.Error(), "pushed.toml") {
				t.Fatalf("at the start: rejected %v, err %v", rejected, err)
			}
			if !told {
				rejected = nil
			}
			two := m.again(s, rejected)
			for range 2 {
				if got := two.status().Site; !two.shows(alarm.PlanRejected) ||
					!strings.Contains(got.Rejected, "is damaged") || got.From != sitefile.FromLocal {
					t.Errorf("shown: %q, %+v", two.faults(), got)
				}
				if r, err := two.agent.Reload(t.Context()); err != nil || !r.Done {
					t.Errorf("reload: %+v, %v", r, err)
				}
				two.after2s()
			}
			if code, ans := two.decide(SiteRollback, 3); code != http.StatusOK || !ans.Done {
				t.Errorf("taken back: %d %+v", code, ans)
			}
			two.after2s()
			if two.shows(alarm.PlanRejected) {
				t.Error("the fault stands still")
			}
			two.end()
		})
	}
}

// Where the state directory answered too late for the start, the file that counts comes into use
// when it has answered. One that needs a restart waits for a person, who is told.
func TestSlowDiskAtTheStartIsMadeGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, text := kept(t, "")
		local, err := site.Load(m.path)
		if err != nil {
			t.Fatal(err)
		}
		two := m.again(local, nil)
		if got := two.status().Site; got.From != sitefile.FromPushed ||
			got.Hash != site.HashOf([]byte(text)) || two.shows(alarm.PlanRejected) {
			t.Errorf("in use: %+v, %q", got, two.faults())
		}
		two.end()
	})
	synctest.Test(t, func(t *testing.T) {
		m, _ := kept(t, "")
		other := strings.Replace(m.text, "GPIO5", "GPIO6", 1)
		s, err := site.Parse("test.toml", []byte(other))
		if err != nil || other == m.text {
			t.Fatal("the site has no GPIO5", err)
		}
		two := m.again(s, nil)
		if got := two.status().Site; got.From == sitefile.FromPushed || !two.shows(alarm.PlanRejected) ||
			!strings.Contains(got.Rejected, "firepost reload") {
			t.Errorf("in use: %+v, %q", got, two.faults())
		}
		two.end()
	})
}

// A person on site refuses a file, or nobody comes in time.
func TestPushThatNobodyAccepts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		m.push("c-1", m.with(heatFrom, higher))
		if code, ans := m.decide(SiteRefuse, 3); code != http.StatusOK || !ans.Done {
			t.Errorf("refused: %d %+v", code, ans)
		}
		m.after2s()
		m.wantAnswers("c-1", "accepted waiting", "failed person")
		m.push("c-2", m.with(heatFrom, higher))
		m.sleepUntil(2 * time.Hour)
		m.wantAnswers("c-2", "accepted waiting", "expired")
		code, ans := m.decide(SiteAccept, 3)
		if code != http.StatusConflict || ans.Reason != SiteNothing {
			t.Errorf("too late: %d %+v", code, ans)
		}
		m.end()
	})
}

// What may not change the site changes nothing and is told why: a file of nobody known, for another
// box or another local file, with mistakes, about people, or at a wrong time.
func TestPushIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, people(t))
		hash := m.agent.site().Hash
		base, good := site.HashOf([]byte(m.text)), m.with(heatFrom, sooner)

		changed := bytes.Replace(m.signed(base, good), []byte("1 s"), []byte("2 s"), 1)
		m.pushArgs("signature", changed)
		m.wantAnswers("signature", "rejected not_permitted signature")
		_, other, err := minisign.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		mine := m.key
		m.key = other
		m.push("key", good)
		m.wantAnswers("key", "rejected not_permitted signature")
		m.key = mine
		m.pushArgs("base", m.signed("0123456789abcdef", good))
		m.wantAnswers("base", "rejected not_permitted base")
		moved := bytes.Replace(m.signed(base, good), []byte(`"base":"`+base),
			[]byte(`"base":"0123456789abcdef`), 1)
		m.pushArgs("comment", moved)
		m.wantAnswers("comment", "rejected not_permitted comment")

		m.push("mistakes", m.with(`class = "heat"`, "class = \"het\"\nzone = \"x\""))
		m.wantAnswers("mistakes", "rejected malformed mistakes")
		if got := m.list("mistakes"); len(got) != 2 || !strings.Contains(got[0], "pushed.toml:") {
			t.Errorf("mistakes: %q", got)
		}
		m.push("operators", m.with("level = 2", "level = 3"))
		m.wantAnswers("operators", "rejected not_permitted operators")

		m.press()
		m.after2s()
		m.push("alarm", good)
		m.wantAnswers("alarm", "rejected busy alarm")
		if m.agent.site().Hash != hash || m.status().Site.Offer != nil {
			t.Error("something has changed")
		}
		m.end()
	})
}

// The site file can take the right to push away.
func TestPushIsARightOfTheSiteFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, "may_not = [\"site\"]\n")
		m.push("c-1", m.with(heatFrom, sooner))
		m.wantAnswers("c-1", "rejected not_permitted may_not")
		m.end()
	})
}

// A trial ends with the old file when a fault comes that was not there, and when the line is down
// at its end.
func TestTrialThatGoesWrongIsUndone(t *testing.T) {
	for _, k := range []struct {
		name, want string
		harm       func(*remote)
		within     time.Duration
	}{
		{"fault", "failed new_fault",
			func(m *remote) { m.board.Bus("i2c-0").Detach(0x44) }, 3 * time.Minute},
		{"line", "failed no_uplink",
			func(m *remote) { m.district.set(true, false) }, 12 * time.Minute},
	} {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newRemote(t, "")
				hash := m.agent.site().Hash
				m.push("c-1", m.with(heatFrom, sooner))
				k.harm(m)
				m.sleepUntil(k.within)
				if m.agent.site().Hash != hash {
					t.Error("it still counts")
				}
				m.district.set(false, false)
				m.sleepUntil(k.within + 3*time.Minute)
				if got := slices.Compact(m.answers("c-1")); !slices.Equal(got,
					[]string{"executing", k.want}) {
					t.Errorf("answered %q, want %q", got, k.want)
				}
				m.end()
				if s, _, err := LoadSite(m.path, m.dir); err != nil || s.Hash != hash {
					t.Errorf("after a restart: %v, %v", s, err)
				}
			})
		})
	}
}

// Nothing is decided while an alarm stands, and no alarm is lost by what is decided.
func TestTrialWaitsForTheEndOfAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRemote(t, "")
		m.push("c-1", m.with(heatFrom, sooner))
		m.press()
		m.sleepUntil(20 * time.Minute)
		m.wantAnswers("c-1", "executing")
		if n := len(m.agent.guard.Load().Snapshot().Alarms); n != 1 {
			t.Errorf("%d alarms", n)
		}
		m.release()
		m.after2s()
		reset := alarm.Command{ID: "1", Action: alarm.Reset, By: alarm.Origin{Kind: alarm.CLI, Level: 2}}
		if err := m.agent.Submit(reset); err != nil {
			t.Fatal(err)
		}
		m.after2s()
		m.after2s()
		m.wantAnswers("c-1", "executing", "done")
		m.end()
	})
}

var errCut = errors.New("the power is gone")

// Wherever the power is cut between a push and its end, the box comes back with the old file or the
// new one, and the push to the same end.
func TestPowerCutWithinAPush(t *testing.T) {
	for n := 1; ; n++ {
		cut := false
		synctest.Test(t, func(t *testing.T) {
			m := newRemote(t, "")
			left := filepath.Join(t.TempDir(), "state")
			var steps atomic.Int32
			var answers []string
			m.agent.step = func() error {
				if int(steps.Add(1)) < n {
					return nil
				}
				if int(steps.Load()) == n {
					copyDir(t, m.dir, left)
					answers = m.answers("c-1") // what comes later nobody hears
				}
				return errCut
			}
			text := m.with(heatFrom, sooner)
			m.push("c-1", text)
			m.sleepUntil(12 * time.Minute)
			cut = int(steps.Load()) >= n
			m.end()
			if !cut {
				return
			}
			s, rejected, err := LoadSite(m.path, left)
			if err != nil || rejected != nil {
				t.Fatalf("step %d: %v, %v", n, rejected, err)
			}
			two := newRig(t, func(r *rig, old *string, o *Options) {
				r.dir, *old = left, m.text
				o.File, o.Page = m.path, "off"
			})
			two.agent.adopt(s)
			two.run()
			two.sleepUntil(13 * time.Minute)
			answers = append(answers, two.answers("c-1")...)
			if len(answers) == 0 || answers[len(answers)-1] != "done" {
				t.Errorf("step %d: answered %q", n, answers)
			}
			two.end()
			if s, _, err := LoadSite(m.path, left); err != nil || s.Hash != site.HashOf([]byte(text)) {
				t.Errorf("step %d: in the end %v, %v", n, s, err)
			}
		})
		if !cut {
			if n < 6 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
	}
}
