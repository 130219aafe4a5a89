//go:build vm

package vm

import (
	"cmp"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// A station on a real kernel keeps every promise that a simulated board shows it to keep: a pressed
// call point and a fire sound the siren and reach the district; a bus that is unplugged is a fault
// and heals; nothing that happens to the program or the machine ends an alarm.
func TestVM(t *testing.T) {
	s := newStation(t)
	s.clear()
	s.board.Pin(callPoint).Drive(true)
	s.boot()
	t.Logf("booted in %v", time.Since(s.began).Round(time.Millisecond))
	for _, part := range []struct {
		name string
		run  func(*testing.T, *station)
	}{
		{"Check", check}, {"CallPoint", pressed}, {"BusUnplugged", unplugged}, {"Fire", burning},
		{"Killed", killed}, {"Frozen", frozen}, {"PowerCut", powerCut}, {"Scan", scanned},
		{"KernelLines", kernelLines}, {"Interrupts", interrupts}, {"SharedBus", sharedBus},
	} {
		ok := t.Run(part.name, func(t *testing.T) {
			s.t, s.machine.t = t, t
			part.run(t, s)
		})
		s.t, s.machine.t = t, t
		if !ok {
			return // what follows builds on it
		}
	}
}

// The site file is judged in the machine as on a desk, and the box with it: the agent that runs is
// asked, which names the lines of this kernel that have no interrupts. A scan beside it leaves its
// parts alone and tells the others.
func check(t *testing.T, s *station) {
	await(t, "check names the call point's line", func() bool {
		since := s.try("run", "/bin/firepost", "check")
		s.await(since, "/etc/firepost/site.toml: good.")
		return s.says(since, "NOTE", callPoint+": it has no interrupts")
	})
	since := s.order("run", "/bin/firepost", "scan")
	// A machine that is emulated beside others may be too slow for a scan that makes nothing late.
	gaveUp := s.says(since, "stop the agent to scan here")
	for _, want := range [][]string{
		{"i2c-0", "virtio"}, {siren, "output", "held by firepost"},
		{"0x44", "ceiling-air (sht4x)", "not asked"}, {"0x28", "no part of the catalog"},
	} {
		if !s.says(since, want...) && !(gaveUp && strings.HasPrefix(want[0], "0x")) {
			t.Errorf("the scan beside the agent does not say %q", want)
		}
	}
}

// Without an agent a scan tells the parts by what they say of themselves, and check finds the bus,
// the lines, the parts, the disk, and the way to the broker until it accepts this box.
func scanned(t *testing.T, s *station) {
	s.order("stop")
	since := s.order("run", "/bin/firepost", "scan")
	s.try("run", "/bin/firepost", "check")
	for _, want := range [][]string{
		{"0x44", "sht4x", "sure"}, {"0x69", "sps30", "sure"}, {callPoint, "input", "free"},
		{"OK", "buses", bus}, {"OK", "lines", "all 3"}, {"OK", "parts", "ceiling-dust"},
		{"OK", "parts", "ceiling-air"}, {"OK", "district", "accepts fp-"},
		{"OK", "disk", "/var/lib/firepost has"},
	} {
		if !s.says(since, want...) {
			t.Errorf("scan and check do not say %q", want)
		}
	}
}

// Lines of a chip that the kernel simulates keep what package board promises of lines.
func kernelLines(_ *testing.T, s *station) {
	s.order("run", "/bin/lines.test", "-test.run", "TestKernel", "-test.v")
}

// A contact is read without interrupts, and its alarm is heard, and known to the district.
func pressed(t *testing.T, s *station) {
	await(t, "a station that is online", func() bool {
		for _, online := range s.receiver.Report().Online {
			return online
		}
		return false
	})
	if s.isHigh(siren) {
		t.Fatal("the siren sounds before there is an alarm")
	}
	s.board.Pin(callPoint).Drive(false)
	siren, known := s.sounds(true), s.raised("call-1", "raised")
	t.Logf("siren %v after the contact, district %v later", siren, known)
	s.board.Pin(callPoint).Drive(true)
	s.order("run", "/bin/firepost", "ack")
	s.reset()
}

// A bus that is gone is a fault of each of its sensors. The agent holds no file of it: the driver
// could not end.
func unplugged(_ *testing.T, s *station) {
	since := s.order("unplug", "i2c_virtio")
	for _, point := range []string{"heat-1", "smoke-1"} {
		s.await(since, `"msg":"fault"`, `"point":"`+point+`"`, `"fault":"sensor_failed"`)
	}
	s.order("plug", "i2c_virtio")
}

// A fire is found through the kernel's drivers, on a bus that has come back.
func burning(t *testing.T, s *station) {
	s.burn()
	siren, known := s.sounds(true), s.raised("smoke-1", "raised")
	t.Logf("siren %v after the fire had grown, district %v later", siren, known)
	s.raised("heat-1", "raised")
	s.order("run", "/bin/firepost", "status")
}

// An agent that is killed comes back half a second later, and its siren with it.
func killed(_ *testing.T, s *station) {
	since := s.order("kill")
	s.await(since, "init: agent is ready")
	s.sounds(true)
}

// An agent that hangs is ended by its watchdog.
func frozen(_ *testing.T, s *station) {
	since := s.order("freeze")
	s.await(since, "init: agent gave no sign of life")
	s.await(since, "init: agent is ready")
	s.sounds(true)
}

// A machine whose power is cut boots into its latched alarms, though nothing burns any more, and
// the district misses nothing.
func powerCut(t *testing.T, s *station) {
	before := s.receiver.Report().Restored
	s.cut()
	s.sounds(false) // a machine without power drives nothing
	s.clear()
	s.on()
	s.sounds(true)
	t.Logf("siren %v after the power came back", time.Since(s.began).Round(time.Millisecond))
	s.await(0, "init: agent is ready")
	await(t, "at the district: both alarms as restored, and nothing missing", func() bool {
		r := s.receiver.Report()
		return r.Restored >= before+2 && len(r.Missing) == 0
	})
	s.order("run", "/bin/firepost", "reset", "heat-1")
	s.raised("heat-1", "reset")
	if r := s.receiver.Report(); r.Malformed > 0 {
		t.Errorf("the district understands not all: %v", r.Faults)
	}
}

// The controller of lines that QEMU has for this machine makes interrupts: its power button is on
// line 3, and a push wakes whoever waits.
func interrupts(t *testing.T, s *station) {
	since := s.mark()
	seen := make(chan struct{})
	var push sync.WaitGroup
	push.Go(func() {
		for {
			select {
			case <-seen:
				return
			case <-time.After(500 * time.Millisecond):
				if err := command(s.monitor, `{"execute":"system_powerdown"}`); err != nil {
					t.Error(err)
				}
			}
		}
	})
	s.order("run", "/bin/firepost", "pin", "9030000.pl061:3", "-n", "1", "--for", "20s")
	close(seen)
	push.Wait()
	if !s.says(since, "edges") || s.says(since, "no interrupts") {
		t.Error("the push was not seen by its edges")
	}
}

// A bus that many goroutines share never gives one the bytes of another. HAMMER says for how long
// they try.
func sharedBus(t *testing.T, s *station) {
	since := s.order("run", "/bin/hammer", bus, "0x20", cmp.Or(os.Getenv("HAMMER"), "4s"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.said[since:] {
		if strings.Contains(line, "hammer:") {
			t.Log(line)
		}
	}
}
