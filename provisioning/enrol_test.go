package provisioning_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// reanswer puts something in the place of the server of a district.
func reanswer(d *enroltest.District, fn func(w http.ResponseWriter, r *http.Request) bool) {
	d.Set(func() { d.Answer = fn })
}

// enroller works in a folder that is not there yet.
func enroller(t *testing.T) *provisioning.Enroller {
	return &provisioning.Enroller{
		Loader: provisioning.Loader{Board: board}, Dir: filepath.Join(t.TempDir(), "identity"),
	}
}

// advance goes one step and gives where the box then stands.
func advance(t *testing.T, e *provisioning.Enroller) provisioning.Standing {
	t.Helper()
	s, err := e.Advance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func accept(t *testing.T, e *provisioning.Enroller, c *provisioning.Claim) {
	t.Helper()
	if err := e.Accept(c, provisioning.First); err != nil {
		t.Fatal(err)
	}
}

// failed checks where a box stands and why, in both languages.
func failed(
	t *testing.T, s provisioning.Standing, state provisioning.State, code, en, zh string,
) {
	t.Helper()
	if s.Failure == nil {
		t.Fatalf("got %s without a failure, want %s with %s", s.State, state, code)
	}
	if s.State != state || s.Failure.Code != code || !strings.Contains(s.Failure.En, en) ||
		!strings.Contains(s.Failure.Zh, zh) {
		t.Errorf("got %s with %v %s, want %s with %s, %q and %q", s.State, s.Failure, s.Failure.Zh,
			state, code, en, zh)
	}
}

// A claim becomes a certificate that the broker has taken, in one go; what is left can be loaded,
// is for the owner alone, and there is no claim in it.
func TestAcceptance06AClaimBecomesAnIdentity(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	var steps []int
	e.Tell = func(s provisioning.Step) { steps = append(steps, s.Number) }
	accept(t, e, c.Claim())
	s := advance(t, e)
	if s.State != provisioning.Active || s.Failure != nil {
		t.Fatalf("got %+v, %v, want active", s, s.Failure)
	}
	if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(steps, want) {
		t.Errorf("told steps %v, want %v", steps, want)
	}
	id, err := e.Load(e.Dir)
	if err != nil || !id.Enrolled() || id.ID != s.Device || id.District.Tenant != "district-7" {
		t.Errorf("loaded %+v, %v", id, err)
	}
	if c.Taken[0] != s.Device {
		t.Errorf("the broker saw %q, want %q", c.Taken, s.Device)
	}
	var names []string
	for _, f := range check(os.ReadDir(e.Dir)) {
		info := check(f.Info())
		names = append(names, f.Name())
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
	want := []string{"ca.pem", "cert.pem", "clock", "district.toml", "hardware", "key.pem", "lock"}
	if !slices.Equal(names, want) {
		t.Errorf("the folder has %v, want %v", names, want)
	}
	if s := advance(t, e); s.State != provisioning.Active || c.Count() != 1 {
		t.Errorf("once more: %s, %d certificates, want nothing to happen", s.State, c.Count())
	}
	if err := e.Accept(c.Claim(), provisioning.First); !errors.Is(err, provisioning.ErrEnrolled) {
		t.Errorf("another claim: %v, want ErrEnrolled", err)
	}
}

// crashPoints are where the process is killed, in the order in which they are reached.
var crashPoints = []string{
	"key",                  // after the key was written
	"asking",               // before the request
	"sent",                 // after the request went out
	"answered",             // after the answer, before it is written
	"written cert.new.pem", // between writing and renaming
	"removed claim.toml",   // after the claim has gone, before the new certificate is in its place
	"renaming cert.new.pem",
}

// TestHelperEnrols is the process that is killed; by itself it is nothing.
func TestHelperEnrols(t *testing.T) {
	dir, point := os.Getenv("ENROL_DIR"), os.Getenv("ENROL_POINT")
	if dir == "" {
		return
	}
	e := &provisioning.Enroller{Loader: provisioning.Loader{Board: board}, Dir: dir}
	e.At(func(reached string) {
		if reached == point {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	s := advance(t, e)
	fmt.Println(s.State, s.Failure)
}

// Killed at any of the seven points, the box ends as one that is enrolled, with the key that it
// had, after at most two certificates; no claim and nothing half written is left.
func TestAcceptance05KilledAtEachCrashPoint(t *testing.T) {
	for _, point := range crashPoints {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			c, e := enroltest.New(t), enroller(t)
			accept(t, e, c.Claim())
			helper := exec.Command(os.Args[0], "-test.run=^TestHelperEnrols$")
			helper.Env = append(os.Environ(), "ENROL_DIR="+e.Dir, "ENROL_POINT="+point)
			var out strings.Builder
			helper.Stdout, helper.Stderr = &out, &out
			c.Set(func() { // Nothing is answered before it is known whom to kill.
				if err := helper.Start(); err != nil {
					t.Fatal(err)
				}
				once, process := point == "sent", helper.Process
				c.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
					if once && r.Method == http.MethodPost {
						once = false
						process.Kill()
					}
					return false
				}
			})
			err := helper.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != -1 {
				t.Fatalf("it was not killed: %v\n%s", err, out.String())
			}
			key := check(os.ReadFile(filepath.Join(e.Dir, "key.pem")))
			s := advance(t, e)
			if s.State != provisioning.Active {
				t.Fatalf("got %s, %v, want active", s.State, s.Failure)
			}
			if string(key) != string(check(os.ReadFile(filepath.Join(e.Dir, "key.pem")))) {
				t.Error("the key has changed")
			}
			if n := c.Count(); n > 2 {
				t.Errorf("%d certificates were given", n)
			}
			for _, f := range check(os.ReadDir(e.Dir)) {
				if strings.HasPrefix(f.Name(), ".") || strings.Contains(f.Name(), "new") ||
					strings.Contains(f.Name(), "claim") {
					t.Errorf("%s is left", f.Name())
				}
			}
		})
	}
}

// The failures of the server have their own words in both languages, and the box goes on once the
// reason is gone.
func TestEachRefusalOfTheServerIsExplained(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	good := c.Claim()
	wrong := *good
	wrong.Code = provisioning.NewCode()
	accept(t, e, &wrong)
	failed(t, advance(t, e), provisioning.Claimed, "E102", "does not exist or has expired",
		"不存在或已过期")

	other := enroller(t)
	accept(t, other, good)
	c.Set(func() { c.Approve = false })
	s := advance(t, other)
	failed(t, s, provisioning.Pending, "E106", "Waiting for approval", "等待指挥中心批准")
	if s.Wait != 30*time.Second || s.Asked.IsZero() {
		t.Errorf("asked %v, next in %v, want the 30 s that the server said", s.Asked, s.Wait)
	}
	if err := e.Accept(good, provisioning.Again); err != nil {
		t.Fatal(err)
	}
	failed(t, advance(t, e), provisioning.Claimed, "E103",
		"already used by another box (fp-2222222222)", "已被另一台设备使用（fp-2222222222）")
	c.Set(func() { c.Approve = true })
	if s := advance(t, other); s.State != provisioning.Active {
		t.Errorf("after the approval: %s, %v", s.State, s.Failure)
	}
}

// An answer that cannot be used is told from a refusal, and a server that is busy is left alone for
// as long as it says.
func TestAnAnswerThatCannotBeUsed(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	accept(t, e, c.Claim())
	say := func(fn http.HandlerFunc) {
		reanswer(c, func(w http.ResponseWriter, r *http.Request) bool { fn(w, r); return true })
	}
	say(http.NotFound)
	failed(t, advance(t, e), provisioning.Claimed, "E108", "HTTP 404", "服务器应答无法使用")
	say(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	failed(t, advance(t, e), provisioning.Claimed, "E108", "no list of certificates", "")
	say(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("A", 300<<10))
	})
	failed(t, advance(t, e), provisioning.Claimed, "E108", "no list of certificates", "")
	say(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := advance(t, e)
	failed(t, s, provisioning.Claimed, "E108", "", "")
	if s.Wait != 90*time.Second {
		t.Errorf("it comes again in %v, want 90 s", s.Wait)
	}
	reanswer(c, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			enroltest.Reply(w, c.Certificate("fp-2222222222", &c.Key.PublicKey, time.Now()))
			return true
		}
		return false
	})
	failed(t, advance(t, e), provisioning.Claimed, "E108", "for another key", "")
}

// A server of another authority gets no claim code, whatever it says about its authorities.
func TestAServerOfAnotherAuthorityGetsNoCode(t *testing.T) {
	c, impostor, e := enroltest.New(t), enroltest.New(t), enroller(t)
	asked := false
	reanswer(impostor, func(w http.ResponseWriter, r *http.Request) bool {
		asked = asked || r.Method == http.MethodPost
		enroltest.Reply(w, impostor.CA, c.CA)
		return true
	})
	claim := c.Claim()
	claim.District.Enrol = impostor.EST()
	accept(t, e, claim)
	failed(t, advance(t, e), provisioning.Claimed, "E104", "does not match", "截获")
	reanswer(impostor, func(_ http.ResponseWriter, r *http.Request) bool {
		asked = asked || r.Method == http.MethodPost
		return false
	})
	failed(t, advance(t, e), provisioning.Claimed, "E104", "does not match", "截获")
	if asked {
		t.Error("it was asked for a certificate")
	}
}

// A clock that was never set is told from everything else, and a claim file helps: it tells when it
// was issued.
func TestAcceptance15AClockOf1970(t *testing.T) {
	starts := time.Now().Add(-time.Hour)
	c, e := enroltest.At(t, starts, starts.Add(1000*time.Hour)), enroller(t)
	e.Built = starts.AddDate(-1, 0, 0)
	e.Now = func() time.Time { return time.Unix(9, 0) }
	typed := c.Claim()
	typed.Issued = time.Time{}
	accept(t, e, typed)
	failed(t, advance(t, e), provisioning.Claimed, "E105",
		"The clock says "+e.Built.UTC().Format(time.DateOnly)+", before the server's certificate starts",
		"早于服务器证书的生效日期")
	if err := e.Accept(c.Claim(), provisioning.Again); err != nil {
		t.Fatal(err)
	}
	if s := advance(t, e); s.State != provisioning.Active {
		t.Errorf("with the time of the claim: %s, %v", s.State, s.Failure)
	}
	if now := e.Standing(e.Dir); now.State != provisioning.Active {
		t.Errorf("after the next start: %s", now.State)
	}
	id := check(e.Load(e.Dir))
	if id.Check() != nil || id.Now().Before(starts) {
		t.Errorf("judged by %v, %v, want the time that the server gave", id.Now(), id.Check())
	}
}

// Without a network the box says what is missing, and enrols by itself when it is there.
func TestNoNetworkIsExplained(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	claim := c.Claim()
	address := check(net.Listen("tcp", "127.0.0.1:0"))
	claim.District.Enrol = "https://" + address.Addr().String()
	address.Close()
	accept(t, e, claim)
	failed(t, advance(t, e), provisioning.Claimed, "E110", "Local alarms work", "本地报警正常")
	claim = c.Claim()
	claim.District.Brokers = []string{"mqtts://" + address.Addr().String()}
	if err := e.Accept(claim, provisioning.Again); err != nil {
		t.Fatal(err)
	}
	failed(t, advance(t, e), provisioning.Issued, "E110", "does not answer", "无应答")
}

// A certificate that the broker refuses does not take the place of anything, and is tried again.
func TestARefusedCertificateIsNotUsed(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	accept(t, e, c.Claim())
	c.Set(func() { c.Refuse = true })
	failed(t, advance(t, e), provisioning.Issued, "E111", "The broker refuses", "拒绝本设备")
	if _, err := e.Load(e.Dir); !errors.Is(err, provisioning.ErrNone) {
		t.Errorf("loaded with %v, want no identity yet", err)
	}
	c.Set(func() { c.Refuse = false })
	if s := advance(t, e); s.State != provisioning.Active || c.Count() != 1 {
		t.Errorf("got %s, %v and %d certificates", s.State, s.Failure, c.Count())
	}
}

// A certificate is renewed after two thirds of its life, and the new one takes its place only when
// the broker has taken it.
func TestRenewalNeverOverwritesTheWorkingCertificate(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	accept(t, e, c.Claim())
	advance(t, e)
	now := time.Now().Add(c.Life * 60 / 100)
	e.Now = func() time.Time { return now }
	if s := advance(t, e); s.State != provisioning.Active || c.Count() != 1 {
		t.Fatalf("at 60 %%: %s, %d certificates", s.State, c.Count())
	}
	now = time.Now().Add(-time.Minute)
	key := keyOf(t, e.Dir)
	worn := c.Certificate(c.Issued[0].Subject.CommonName, &key.PublicKey, now.Add(-c.Life*3/4))
	write(t, e.Dir, "cert.pem", inPEM(worn.Raw))
	old := inPEM(worn.Raw)
	c.Set(func() { c.Refuse = true })
	s := advance(t, e)
	failed(t, s, provisioning.Active, "E111", "refuses", "拒绝")
	if got := check(os.ReadFile(filepath.Join(e.Dir, "cert.pem"))); string(got) != string(old) {
		t.Error("the working certificate is gone")
	}
	c.Set(func() { c.Refuse = false })
	if s := advance(t, e); s.State != provisioning.Active || s.Failure != nil ||
		!s.Expires.Equal(c.Issued[2].NotAfter) {
		t.Errorf("got %+v %v, want the new certificate in its place", s, s.Failure)
	}
	if !key.Equal(keyOf(t, e.Dir)) {
		t.Error("the key has changed, and with it the name of the box")
	}
}

// A certificate that has ended is renewed where the district does that; else the box says that it
// needs a claim, and takes one.
func TestAnEndedCertificateMayStillBeRenewed(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	accept(t, e, c.Claim())
	advance(t, e)
	key := keyOf(t, e.Dir)
	ended := c.Certificate(c.Issued[0].Subject.CommonName, &key.PublicKey,
		time.Now().Add(-c.Life-100*time.Hour))
	write(t, e.Dir, "cert.pem", inPEM(ended.Raw))
	reanswer(c, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/simplereenroll") {
			http.Error(w, "it has ended", http.StatusForbidden)
			return true
		}
		return false
	})
	failed(t, advance(t, e), provisioning.Expired, "E113", "Ask the control room", "索取新码")
	c.Set(func() { c.Answer = nil })
	if s := advance(t, e); s.State != provisioning.Active {
		t.Errorf("got %s, %v, want it renewed", s.State, s.Failure)
	}
	write(t, e.Dir, "cert.pem", inPEM(ended.Raw))
	accept(t, e, c.Claim())
	if s := advance(t, e); s.State != provisioning.Active || !key.Equal(keyOf(t, e.Dir)) {
		t.Errorf("with a new claim: %s, %v", s.State, s.Failure)
	}
}

// A card in another board asks for nothing and takes no claim but one that replaces; then it is
// another box.
func TestAcceptance08AMovedCardNeedsANewIdentity(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	accept(t, e, c.Claim())
	was := advance(t, e).Device
	write(t, e.Dir, "hardware", []byte("0123456789abcdef\n"))
	failed(t, advance(t, e), provisioning.Moved, "E216", "enrolled on another board (0123456789abcdef",
		"另一块主板")
	var moved *provisioning.Failure
	err := e.Accept(c.Claim(), provisioning.Again)
	if !errors.As(err, &moved) || moved.Code != "E216" {
		t.Errorf("a claim was taken: %v", err)
	}
	if err := e.Accept(c.Claim(), provisioning.Replace); err != nil { // Now it may.
		t.Fatal(err)
	}
	if s := advance(t, e); s.State != provisioning.Active || s.Device == was {
		t.Errorf("got %s as %s, %v, want another box", s.State, s.Device, s.Failure)
	}
}

// A claim that lies beside the folder is taken by itself, once.
func TestAClaimBesideTheFolderIsTaken(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	drop := filepath.Join(filepath.Dir(e.Dir), "new.claim")
	if s := advance(t, e); s.State != provisioning.New || s.Failure != nil {
		t.Fatalf("without a claim: %s, %v", s.State, s.Failure)
	}
	os.WriteFile(drop, c.Claim().File(), 0o644)
	if s := advance(t, e); s.State != provisioning.Active {
		t.Fatalf("got %s, %v", s.State, s.Failure)
	}
	if _, err := os.Stat(drop); err == nil {
		t.Error("the claim is still there")
	}
}

// A code alone needs a box that knows its district.
func TestATypedCodeNeedsADistrict(t *testing.T) {
	c, e := enroltest.New(t), enroller(t)
	code := &provisioning.Claim{Code: c.Claim().Code}
	var f *provisioning.Failure
	if err := e.Accept(code, provisioning.First); !errors.As(err, &f) || f.Code != "E107" ||
		!strings.Contains(f.Zh, "district.toml") {
		t.Fatalf("got %v, want E107", err)
	}
	d := c.District()
	path := filepath.Join(t.TempDir(), "district.toml")
	text := fmt.Sprintf("tenant = %q\nbrokers = [%q]\nenrol = %q\npin = %q\n",
		d.Tenant, d.Brokers[0], d.Enrol, d.Pin)
	os.WriteFile(path, []byte(text), 0o644)
	e.Districts = []string{"/nonexistent", path}
	accept(t, e, code)
	if s := advance(t, e); s.State != provisioning.Active {
		t.Errorf("got %s, %v", s.State, s.Failure)
	}
	other := check(provisioning.ParseClaim([]byte(enroltest.New(t).Claim().URI())))
	if err := e.Accept(other, provisioning.Again); !errors.As(err, &f) || f.Code != "E104" {
		t.Errorf("a claim of another district: %v, want E104", err)
	}
}
