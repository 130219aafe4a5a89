//go:build vm

package vm

import (
	"bufio"
	"cmp"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

// The bus and lines as testdata/site.toml names them, and what the hammer strikes.
const (
	bus        = "i2c-0"
	siren      = "GPIO5"
	buzzer     = "GPIO13"
	callPoint  = "GPIO17"
	hammerAddr = 0x20
	hammered   = 16
)

// station is a machine with the agent in it, the board that it reads, and the district outside.
type station struct {
	t *testing.T
	*machine
	board    *board.Board
	air      *chip.SHT4x
	dust     *chip.SPS30
	receiver *district.Receiver
	monitor  string // of QEMU
}

// newStation makes a station that is switched off, with an identity on its disk.
func newStation(t *testing.T) *station {
	t.Helper()
	b := board.New(board.Options{})
	s := &station{t: t, board: b, air: chip.NewSHT4x(b.Now), dust: chip.NewSPS30(b.Now)}
	b.Bus(bus).Attach(0x44, s.air)
	b.Bus(bus).Attach(0x69, s.dust)
	for i := range uint16(hammered) {
		b.Bus(bus).Attach(hammerAddr+i, chip.NewADS1115(b.Now))
	}
	s.receiver = district.NewReceiver(district.Options{Hello: wire.Hello{Receipt: true, Spread: 1}})
	port := openBroker(t, s.receiver)
	files := map[string]string{"etc/firepost/site.toml": string(read(t, "testdata/site.toml"))}
	s.monitor = filepath.Join(t.TempDir(), "monitor")
	s.machine = newVirt(t, b, []string{siren, buzzer, callPoint},
		"-qmp", "unix:"+s.monitor+",server=on,wait=off",
		"-initrd", initrd(t, cache, programs(t), files),
		"-drive", "if=none,id=state,format=raw,file="+disk(t, port),
		"-device", "virtio-blk-pci,drive=state",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
	return s
}

// programs are those of the machine: the device's own, as it is shipped when "make vm" names it,
// its first process, the hammer, and the tests of lines on a chip that the kernel simulates.
func programs(t *testing.T) map[string]string {
	t.Helper()
	packages := []string{"./init", "./hammer"}
	firepost := os.Getenv("FIREPOST_ARM64")
	if firepost == "" {
		packages = append(packages, "../../agent/cmd/firepost")
	}
	dir := build(t, []string{"GOARCH=arm64"}, packages...)
	lines := filepath.Join(dir, "lines.test")
	compile(t, []string{"GOARCH=arm64"}, "test", "-c", "-tags", "gpiosim", "-o", lines,
		"../../drivers/board")
	return map[string]string{
		"bin/lines.test": lines,
		"init":           filepath.Join(dir, "init"), "bin/hammer": filepath.Join(dir, "hammer"),
		"bin/firepost": cmp.Or(firepost, filepath.Join(dir, "firepost")),
	}
}

// build makes programs for a processor and returns their folder.
func build(t *testing.T, env []string, packages ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	compile(t, env, append([]string{"build", "-ldflags", "-s -w", "-o", dir + "/"}, packages...)...)
	return dir
}

// compile runs the go command for a processor.
func compile(t *testing.T, env []string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
}

// disk makes the state disk of a machine that was enrolled. What is outside of the machine is at
// 10.0.2.2 for it. The key was made on a board that has nothing to tell it by.
func disk(t *testing.T, port string) string {
	t.Helper()
	dir := t.TempDir()
	state, file := filepath.Join(dir, "state"), filepath.Join(dir, "disk")
	_, err := provisioning.Loader{Board: fstest.MapFS{}}.Create(filepath.Join(state, "identity"),
		provisioning.District{
			Tenant: "bench", Brokers: []string{"tcp://10.0.2.2:" + port}, Insecure: true,
		})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 256<<20); err != nil {
		t.Fatal(err)
	}
	mkfs := exec.Command("mkfs.ext4", "-q", "-d", state, file)
	if out, err := mkfs.CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v; apt-get install e2fsprogs\n%s", err, out)
	}
	return file
}

// openBroker runs mosquitto until the test ends, lets the receiver hear it, and returns its port.
func openBroker(t *testing.T, r *district.Receiver) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String()) // the system gave it
	l.Close()
	conf := filepath.Join(t.TempDir(), "conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // not in everybody's path
	}
	cmd := exec.Command(path, "-c", conf)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%v; apt-get install mosquitto", err)
	}
	var read sync.WaitGroup
	read.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
		}
	})
	await(t, "a broker that listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- district.Follow(ctx, "tcp://127.0.0.1:"+port, "district", r) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("district: %v", err)
		}
		cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
		read.Wait()
		cmd.Wait() //nolint:errcheck // it was killed
	})
	return port
}

// boot switches the machine on and waits until its agent watches.
func (s *station) boot() {
	s.t.Helper()
	s.on()
	s.await(0, "init: agent is ready")
}

// isHigh tells what a line carries, seen from outside.
func (s *station) isHigh(line string) bool {
	high, _ := s.board.Pin(line).Driven()
	return high
}

// sounds waits for the siren's line and returns how long that took.
func (s *station) sounds(want bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	what := "a siren that is silent"
	if want {
		what = "a siren that sounds"
	}
	await(s.t, what, func() bool { return s.isHigh(siren) == want })
	return time.Since(began)
}

// reset ends the alarms, as often as what the agent still sees begins one anew.
func (s *station) reset() {
	s.t.Helper()
	await(s.t, "a reset that ends the siren", func() bool {
		s.order("run", "/bin/firepost", "reset")
		<-time.After(200 * time.Millisecond)
		return !s.isHigh(siren)
	})
}

// raised waits until the district knows of an alarm of a point, in a state.
func (s *station) raised(point, state string) time.Duration {
	s.t.Helper()
	began := time.Now()
	await(s.t, "at the district: "+point+" "+state, func() bool {
		for _, r := range s.receiver.Report().Raises {
			if r.Point == point && r.State == state {
				return true
			}
		}
		return false
	})
	return time.Since(began)
}

// burn lets a fire grow in the room.
func (s *station) burn() {
	for i := int64(1); i <= 20; i++ {
		s.dust.SetAir(chip.Smoke(i * 40_000)) // up to 800 µg/m³
		s.air.SetTemperature(21_000 + i*2_500)
		<-time.After(50 * time.Millisecond)
	}
}

// clear lets the room be as it was.
func (s *station) clear() {
	s.dust.SetAir(chip.Smoke(5_000))
	s.air.SetTemperature(21_000)
}
