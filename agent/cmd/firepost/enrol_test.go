package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// installer is somebody with a box, a terminal and a claim file.
type installer struct {
	t    *testing.T
	dir  string
	file string // of the claim
}

func newInstaller(t *testing.T, c *provisioning.Claim) *installer {
	i := &installer{t: t, dir: t.TempDir(), file: filepath.Join(t.TempDir(), "order.claim")}
	i.give(c)
	return i
}

// give writes the claim file.
func (i *installer) give(c *provisioning.Claim) {
	if err := os.WriteFile(i.file, c.File(), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

// run runs a command and returns its exit code and what it printed; what differs from run to run is
// replaced.
func (i *installer) run(args ...string) (int, string) {
	var out strings.Builder
	code := run(append(args, "--dir", i.dir), outlet{&out, &out})
	text := regexp.MustCompile(`fp-[a-z2-7]{10}`).ReplaceAllString(out.String(), "fp-7k2m4qx6tb")
	text = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).ReplaceAllString(text, "127.0.0.1:PORT")
	text = regexp.MustCompile(`20\d\d-\d\d-\d\d( \d\d:\d\d)?`).ReplaceAllString(text, "DAY")
	text = regexp.MustCompile(`\d+\.\d (s|秒)`).ReplaceAllString(text, "0.0 $1")
	text = regexp.MustCompile(` +OK\n`).ReplaceAllString(text, "  OK\n")
	return code, strings.ReplaceAll(text, i.dir, "STATE")
}

// want checks the exit code and every word of what is printed.
func (i *installer) want(code int, text string, args ...string) {
	i.t.Helper()
	if got, said := i.run(args...); got != code || said != text {
		i.t.Errorf("%v: got %d\n%swant %d\n%s", args, got, said, code, text)
	}
}

// A person sees six steps, and who the box is now, in both languages; a second run says the same in
// one line and makes no second key.
func TestEnrolTellsSixSteps(t *testing.T) {
	d := enroltest.New(t)
	i := newInstaller(t, d.Claim())
	i.want(0, `  [1/6] clock       DAY  OK
  [2/6] key         P-256 created on this device, never leaves it  OK
  [3/6] server      127.0.0.1:PORT, CA pin matches  OK
  [4/6] certificate fp-7k2m4qx6tb, valid to DAY  OK
  [5/6] broker      mqtts://127.0.0.1:PORT connected in 0.0 s  OK
  [6/6] saved       STATE/identity (owner only)  OK
  This box is now fp-7k2m4qx6tb at site FS-0042 East Gate. Next: firepost check
`, "enrol", "--claim", i.file, "--lang", "en")
	key, _ := os.ReadFile(filepath.Join(i.dir, "identity", "key.pem"))
	i.want(0, "  本设备现为 fp-7k2m4qx6tb，站点 FS-0042 East Gate。下一步：firepost check\n",
		"enroll", i.file, "--lang", "zh")
	again, _ := os.ReadFile(filepath.Join(i.dir, "identity", "key.pem"))
	if string(again) != string(key) {
		t.Error("the key has changed")
	}
	i.want(0, "fp-7k2m4qx6tb enrolled\n", "enrol", "--status", "--lang", "en")
	i.want(0, "fp-7k2m4qx6tb 已注册\n", "enrol", "--status", "--lang", "zh")
	_, said := i.run("identity", "show", "--lang", "en")
	for _, want := range []string{
		"state         fp-7k2m4qx6tb enrolled\n", "district      district-7\n",
		"certificate   DAY to DAY, renewed from DAY\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("identity show: got\n%swant %s", said, want)
		}
	}
	other := newInstaller(t, d.Claim())
	other.want(0, `  [1/6] 时钟        DAY  OK
  [2/6] 密钥        P-256，在本机生成，不会离开本机  OK
  [3/6] 服务器      127.0.0.1:PORT，CA 指纹一致  OK
  [4/6] 证书        fp-7k2m4qx6tb，有效期至 DAY  OK
  [5/6] 消息服务器  mqtts://127.0.0.1:PORT 已连接，用时 0.0 秒  OK
  [6/6] 保存        STATE/identity（仅所有者可读）  OK
  本设备现为 fp-7k2m4qx6tb，站点 FS-0042 East Gate。下一步：firepost check
`, "enrol", other.file, "--lang", "zh")
}

// What keeps a box from its certificate is one line with a code, and the exit code says whether it
// goes away by itself.
func TestEnrolSaysWhatIsWrong(t *testing.T) {
	d := enroltest.New(t)
	claim := d.Claim()
	i := newInstaller(t, claim)
	word := []byte(claim.Code)
	word[18] = map[bool]byte{true: '1', false: '0'}[word[18] == '0']
	i.want(1, fmt.Sprintf("firepost: E101 Claim code %q has a typing error (check character). "+
		"Look at group 4.\n", word), "enrol", string(word), "--lang", "en")
	i.want(1, "firepost: E107 本设备尚不知所属区域。请将 district.toml 复制到存储卡，或安装区域软件包。\n",
		"enrol", claim.Code, "--lang", "zh")
	i.want(2, "firepost: no claim; write firepost enrol CLAIM\n", "enrol", "--lang", "en")
	unknown := *claim
	unknown.Code = provisioning.NewCode()
	i.give(&unknown)
	if code, said := i.run("enrol", i.file, "--lang", "en"); code != 1 ||
		!strings.Contains(said, "firepost: E102 The server says this claim code does not exist") {
		t.Errorf("got %d %s, want E102", code, said)
	}
	i.want(0, "fp-7k2m4qx6tb 已有注册码，尚无证书\n", "enrol", "--status", "--lang", "zh")
	i.give(claim)
	d.Set(func() { d.Approve = false })
	if code, said := i.run("enrol", i.file, "--again", "--no-wait", "--lang", "en"); code != 75 ||
		!strings.Contains(said, "firepost: E106 Waiting for approval in the control room (asked ") {
		t.Errorf("got %d %s, want E106", code, said)
	}
	code, said := i.run("enrol", "--json")
	if code != 75 || !strings.Contains(said, `"code": "E106"`) {
		t.Errorf("JSON: got %d %s", code, said)
	}
}

// A box that waits for its approval goes on by itself when it comes.
func TestEnrolWaitsForTheApproval(t *testing.T) {
	d, asked := enroltest.New(t), 0
	d.Set(func() {
		d.Approve, d.RetryAfter = false, 1
		d.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				asked++
				d.Approve = asked > 1
			}
			return false
		}
	})
	i := newInstaller(t, d.Claim())
	code, said := i.run("enrol", i.file, "--lang", "en")
	if code != 0 || strings.Count(said, "E106") != 1 || !strings.Contains(said, "This box is now") {
		t.Errorf("got %d\n%s", code, said)
	}
}

// A stick carries a request out and an answer in; the box connects when there is a network.
func TestEnrolByAStick(t *testing.T) {
	d := enroltest.New(t)
	i := newInstaller(t, d.Claim())
	stick := t.TempDir()
	if code, said := i.run("enrol", "--courier", "out", "--claim", i.file, stick); code != 0 {
		t.Fatalf("out: %d %s", code, said)
	}
	if code, said := i.run("enrol", "--courier", "in", stick); code != 1 ||
		!strings.Contains(said, "hand the request in first") {
		t.Errorf("in before submit: %d %s", code, said)
	}
	elsewhere := newInstaller(t, d.Claim())
	if code, said := elsewhere.run("enrol", "--courier", "submit", stick); code != 0 {
		t.Fatalf("submit: %d %s", code, said)
	}
	i.want(0, "The certificate is on this box. It connects by itself once there is a network.\n",
		"enrol", "--courier", "in", stick, "--lang", "en")
	i.want(0, "fp-7k2m4qx6tb has a certificate that no broker has taken yet\n",
		"enrol", "--status", "--lang", "en")
	if code, said := i.run("enrol"); code != 0 || d.Count() != 1 {
		t.Errorf("with a network: %d %s, %d certificates", code, said, d.Count())
	}
}

// A label has the words of its reader, for the box and for the work order; without a name there is
// none, and what is written is for the owner alone.
func TestLabels(t *testing.T) {
	d := enroltest.New(t)
	i := newInstaller(t, d.Claim())
	if code, said := i.run("label", "--lang", "zh"); code != 1 || !strings.Contains(said, "尚无编号") {
		t.Errorf("a box without a name: %d %s", code, said)
	}
	if code, said := i.run("label", i.file, "--lang", "en"); code != 0 ||
		!strings.Contains(said, "Site: FS-0042 East Gate\n") ||
		!strings.HasSuffix(said, "For one box, once. Keep it like a key.\n") {
		t.Errorf("a work order: %d\n%s", code, said)
	}
	i.run("enrol", i.file)
	path := filepath.Join(i.dir, "label.svg")
	if code, said := i.run("label", "--form", "svg", "--out", path, "--lang", "zh"); code != 0 {
		t.Errorf("to a file: %d %s", code, said)
	}
	text, err := os.ReadFile(path)
	if info, _ := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 ||
		!strings.Contains(string(text), "现场火灾报警设备，请勿断电。") {
		t.Errorf("%v\n%s", err, text)
	}
	i.want(2, "firepost: --form pdf is unknown; write text, svg or html\n", "label", "--form", "pdf")
}
