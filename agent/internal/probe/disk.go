package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Bounds of a disk. The records take up to 40 MB, and an update of the system some more.
const (
	littleSpace = 64 << 20
	fewFiles    = 1000
	slowWrite   = 2 * time.Second
)

// disk is where the agent keeps its state.
type disk struct {
	dir   string
	write bool
	root  fs.FS // of the machine
	usage func(dir string) (space, error)
}

// space is what a file system has left.
type space struct {
	free     uint64 // bytes
	files    uint64 // that can still be made; 0 where total is 0: without bound
	total    uint64 // of files
	readOnly bool
}

// Disk looks at the file system of the state directory dir: what is left of it, whether it takes a
// write, and what the kernel tells of its faults and its wear. With write it writes and removes a
// small file, which is not done beside a running agent.
func Disk(dir string, write bool) Step {
	d := &disk{dir: dir, write: write, root: os.DirFS("/"), usage: usage}
	return Step{
		Name: "disk", Title: alarm.Text{En: "disk", Zh: "存储"}, Limit: 10 * time.Second,
		Run: func(context.Context) []Finding { return d.look() },
	}
}

func (d *disk) look() []Finding {
	dir := existing(d.dir)
	left, err := d.usage(dir)
	if err != nil {
		return one(Finding{Level: Warning, Says: both("%s: %v", "%s：%v", dir, err)})
	}
	found := d.room(dir, left)
	found = append(found, d.health(dir)...)
	if d.write && !left.readOnly && dir == d.dir {
		found = append(found, d.tryWrite()...)
	}
	for _, f := range found {
		if f.Level > Good {
			return found
		}
	}
	return append(good(both("%s has %d MB left", "%s 剩余 %d MB", dir, left.free>>20)), found...)
}

// existing is the nearest folder that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// room tells when there is too little of it.
func (d *disk) room(dir string, left space) (found []Finding) {
	if left.readOnly {
		found = append(found, Finding{Level: Warning,
			Says: both("%s can only be read", "%s 为只读", dir),
			Do: both("The kernel does that after a fault of the card. Alarms work from memory; "+
				"look at dmesg, and replace the card.",
				"内核在存储卡出错后会这样做。本地报警仍可工作；请查看 dmesg 并更换存储卡。")})
	}
	if left.free < littleSpace {
		found = append(found, Finding{Level: Warning,
			Says: both("%s has only %d MB left", "%s 仅剩 %d MB", dir, left.free>>20),
			Do: both("Make room: sudo journalctl --vacuum-size=20M; sudo apt-get clean",
				"请清理空间：sudo journalctl --vacuum-size=20M; sudo apt-get clean")})
	}
	if left.total > 0 && left.files < fewFiles {
		found = append(found, Finding{Level: Warning,
			Says: both("%s can hold only %d more files", "%s 只能再建 %d 个文件", dir, left.files),
			Do: both("Find the folder with too many small files and empty it.",
				"请找出小文件过多的目录并清理。")})
	}
	return found
}

// tryWrite writes, syncs and removes a small file.
func (d *disk) tryWrite() []Finding {
	began := time.Now()
	err := writeOnce(d.dir)
	took := time.Since(began)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return one(Finding{Level: Note,
			Says: both("whether it takes a write was not tried: it is another user's",
				"未测试写入：目录属于其他用户"),
			Do: both("sudo firepost check", "sudo firepost check")})
	case err != nil:
		return one(Finding{Level: Warning, Says: both("a write failed: %v", "写入失败：%v", err),
			Do: both("Alarms work from memory. Replace the card.",
				"本地报警仍可工作。请更换存储卡。")})
	case took > slowWrite:
		return one(Finding{Level: Warning,
			Says: both("a write of 4 KB took %v", "写入 4 KB 用时 %v", took.Round(time.Millisecond)),
			Do: both("The card is worn or of a slow kind; replace it.",
				"存储卡已老化或过慢，请更换。")})
	}
	return nil
}

func writeOnce(dir string) error {
	f, err := os.CreateTemp(dir, "check-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Sync(), f.Close())
}

// health is what the kernel knows of the faults and the wear of the device below dir.
func (d *disk) health(dir string) (found []Finding) {
	device := d.device(dir)
	if device == "" {
		return nil
	}
	whole := wholeDevice(device)
	if n := d.number("sys/fs/ext4", device, "errors_count"); n > 0 {
		found = append(found, Finding{Level: Warning,
			Says: both("the file system of %s has found %d errors in itself",
				"%s 的文件系统已发现 %d 个错误", device, n),
			Do: both("Copy what you need, then have it checked at the next start: "+
				"fsck.mode=force on the kernel's command line.",
				"请备份数据，并在下次启动时检查：内核参数加 fsck.mode=force。")})
	}
	if n := d.number("sys/block", whole, "device/ioerr_cnt"); n > 0 {
		found = append(found, Finding{Level: Note, Says: both("%s has reported %d errors",
			"%s 报告过 %d 个错误", whole, n)})
	}
	if eol := d.number("sys/block", whole, "device/pre_eol_info"); eol >= 2 {
		found = append(found, Finding{Level: Warning,
			Says: both("the memory of %s is near its end: 80 %% of its spare blocks are used",
				"%s 的备用块已用去 80 %%", whole),
			Do: both("Replace it.", "请更换。")})
	}
	return append(found, d.wear(whole)...)
}

// wear is what an eMMC tells of its life: two numbers, a tenth of it each (JESD84-B51, registers
// DEVICE_LIFE_TIME_EST_TYP_A and _B). SD cards tell nothing.
func (d *disk) wear(whole string) []Finding {
	text, err := fs.ReadFile(d.root, path.Join("sys/block", whole, "device/life_time"))
	worst := uint64(0)
	for _, word := range strings.Fields(string(text)) {
		n, _ := strconv.ParseUint(word, 0, 8)
		worst = max(worst, n)
	}
	switch {
	case err != nil || worst == 0:
		return nil
	case worst >= 9:
		return one(Finding{Level: Warning,
			Says: both("%s has used %d %% of its life", "%s 寿命已用 %d %%", whole, worst*10),
			Do:   both("Replace it.", "请更换。")})
	}
	return good(both("%s has used up to %d %% of its life", "%s 寿命已用不超过 %d %%", whole,
		worst*10))
}

// number is a number that the kernel shows; 0 also when it shows none.
func (d *disk) number(dir, device, name string) uint64 {
	text, err := fs.ReadFile(d.root, path.Join(dir, device, name))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 0, 64)
	return n
}

// device is the block device that holds dir, such as mmcblk0p2; empty: not known.
func (d *disk) device(dir string) string {
	text, err := fs.ReadFile(d.root, "proc/self/mountinfo")
	if err != nil {
		return ""
	}
	best, device := "", ""
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		mount, source, ok := strings.Cut(lines.Text(), " - ")
		at, from := strings.Fields(mount), strings.Fields(source)
		if !ok || len(at) < 5 || len(from) < 2 || !within(dir, at[4]) || len(at[4]) < len(best) {
			continue
		}
		best, device = at[4], d.blockOf(at[2], from[1])
	}
	return device
}

func within(dir, mount string) bool {
	return mount == "/" || dir == mount || strings.HasPrefix(dir, mount+"/")
}

// blockOf names a device: by its number, because /dev/root is no name.
func (d *disk) blockOf(number, source string) string {
	text, err := fs.ReadFile(d.root, fmt.Sprintf("sys/dev/block/%s/uevent", number))
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "DEVNAME="); ok && err == nil {
			return strings.TrimSpace(name)
		}
	}
	if strings.HasPrefix(source, "/dev/") {
		return path.Base(source)
	}
	return ""
}

// wholeDevice is the device of a partition: mmcblk0 of mmcblk0p2, sda of sda1.
func wholeDevice(device string) string {
	short := strings.TrimRight(device, "0123456789")
	if before, ok := strings.CutSuffix(short, "p"); ok && before != "" &&
		strings.ContainsAny(before[len(before)-1:], "0123456789") {
		return before
	}
	if strings.HasPrefix(device, "mmcblk") || strings.HasPrefix(device, "nvme") {
		return device
	}
	return short
}
