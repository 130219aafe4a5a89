package probe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// account is who the agent runs as.
type account struct {
	name string
	uid  uint32
	gids []uint32
}

// need is a file that the agent must be able to use. With write it is a device or a folder of its
// own.
type need struct {
	path  string
	write bool
}

// User looks whether the user that the service runs as may use what it needs: the nodes of the
// board, the site file, the state directory.
func User(name string, m Machine, config, dir string) Step {
	return Step{
		Name: "user", Title: alarm.Text{En: "user", Zh: "用户"}, Limit: 2 * time.Second,
		Blind: true,
		Run: func(context.Context) []Finding {
			a, err := lookUp(name)
			if errors.Is(err, errNoUser) {
				return one(Finding{Level: Note, Says: both(
					"there is no user %s, so the package is not installed; the agent may do what "+
						"whoever starts it may do",
					"没有用户 %s（未安装软件包）；主程序的权限取决于启动者", name)})
			}
			if err != nil {
				return one(Finding{Level: Warning, Says: both("%s: %v", "%s：%v", name, err)})
			}
			return a.judge(needs(m, config, dir))
		},
	}
}

// needs are the files of a board.
func needs(m Machine, config, dir string) []need {
	all := []need{{config, false}}
	if _, err := os.Stat(dir); err == nil {
		all = append(all, need{dir, true})
	}
	buses, _ := m.Buses() // the steps of the board tell what is wrong with them
	for _, b := range buses {
		all = append(all, need{"/dev/" + b.Name, true})
	}
	lines, _ := m.Lines() // likewise
	for _, l := range lines {
		if n := (need{"/dev/" + l.Chip, true}); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

func lookUp(name string) (a account, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return a, errNoUser
	}
	groups, err := u.GroupIds()
	if err != nil {
		return a, err
	}
	a.name = name
	for i, text := range append([]string{u.Uid}, groups...) {
		n, err := strconv.ParseUint(text, 10, 32)
		switch {
		case err != nil:
			return a, err
		case i == 0:
			a.uid = uint32(n)
		default:
			a.gids = append(a.gids, uint32(n))
		}
	}
	return a, nil
}

// judge tells which files the user may not use.
func (a account) judge(all []need) (found []Finding) {
	for _, n := range all {
		info, err := os.Stat(n.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another step tells
		}
		if err == nil && a.may(info, n.write) {
			continue
		}
		f := Finding{Level: Failure,
			Says: both("%s: permission denied for user %s", "%s：用户 %s 无权访问", n.path, a.name),
			Do:   both("sudo chown %s %s", "sudo chown %s %s", a.name, n.path)}
		if info != nil && info.Mode()&fs.ModeDevice != 0 {
			f.Code = "E202"
			f.Do = both("Install the package again, which brings the groups and the rules: "+
				"sudo apt install --reinstall ./firepost_*.deb",
				"请重装软件包（含用户组和规则）：sudo apt install --reinstall ./firepost_*.deb")
		}
		found = append(found, f)
	}
	if found == nil {
		return good(both("%s may use all that it needs", "%s 具备所需权限", a.name))
	}
	return found
}

// may tells what the mode of a file allows the user.
func (a account) may(info fs.FileInfo, write bool) bool {
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok || a.uid == 0 {
		return true
	}
	want := fs.FileMode(0o4)
	if write {
		want = 0o6
	}
	mode := info.Mode().Perm()
	switch {
	case is.Uid == a.uid:
		return mode>>6&want == want
	case slices.Contains(a.gids, is.Gid):
		return mode>>3&want == want
	}
	return mode&want == want
}
