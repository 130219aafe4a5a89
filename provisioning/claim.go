package provisioning

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Claim is the right of one box to join a district: what the control room gives to the installer,
// as a file, as the text of a QR code or as a code to type. Its code is bound to the key of the box
// that uses it first.
type Claim struct {
	Code     string    `toml:"code"`               // as it is printed: ABCD-EFGH-JKLM-NPQR
	Issued   time.Time `toml:"issued,omitempty"`   // no clock that is right shows less; zero: unknown
	Expires  time.Time `toml:"expires,omitempty"`  // for people; the server decides
	Site     string    `toml:"site,omitempty"`     // for people, such as "FS-0042 East Gate"
	Replaces string    `toml:"replaces,omitempty"` // the box whose place this one takes
	District District  `toml:"district"`           // without a tenant: not known from the claim
	Asked    time.Time `toml:"asked,omitempty"`    // when the box first asked and had to wait
}

// claimScheme begins the text of a QR code.
const claimScheme = "FIRE1:"

// ParseClaim reads a claim in any of its forms. It fails with E101 for a code with a typing error,
// and otherwise with every mistake of the file at once.
func ParseClaim(data []byte) (*Claim, error) {
	text := strings.TrimSpace(string(data))
	switch {
	case len(data) > maxFile:
		return nil, fmt.Errorf("claim: it has %d bytes, at most %d are believed", len(data), maxFile)
	case strings.HasPrefix(strings.ToUpper(text), claimScheme):
		return parseURI(text[len(claimScheme):])
	case !strings.Contains(text, "="):
		code, err := checkCode(text)
		if err != nil {
			return nil, err
		}
		return &Claim{Code: code}, nil
	}
	return parseClaimFile(data)
}

func parseClaimFile(data []byte) (*Claim, error) {
	c := &Claim{}
	var ps Problems
	if !decodeStrictly(&ps, "claim", data, c) {
		return nil, ps
	}
	for _, text := range c.District.check() {
		ps.add("claim: district: %s", text)
	}
	if c.District.Enrol == "" || c.District.Pin == "" {
		ps.add("claim: district: enrol and pin are needed; ask the control room for a whole claim")
	}
	code, err := checkCode(c.Code)
	if len(ps) > 0 {
		return nil, ps
	}
	c.Code = code
	return c, err
}

// parseURI reads the text of a QR code behind its scheme.
func parseURI(text string) (*Claim, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("claim: the text of the QR code is damaged; scan it anew")
	}
	q, err := url.ParseQuery(u.Fragment)
	if err != nil {
		return nil, errors.New("claim: the text of the QR code is damaged; scan it anew")
	}
	u.Fragment = ""
	c := &Claim{District: District{Enrol: u.String(), Pin: q.Get("p")}}
	var ps Problems
	for _, wrong := range c.District.checkEnrol() {
		ps.add("claim: %s", wrong)
	}
	if t := q.Get("t"); t != "" {
		sec, err := strconv.ParseInt(t, 10, 64)
		if err != nil || sec < 0 || sec > 1<<33 {
			ps.add("claim: its time %q is no Unix time; scan it anew", t)
		}
		c.Issued = time.Unix(sec, 0).UTC()
	}
	if len(ps) > 0 {
		return nil, ps
	}
	c.Code, err = checkCode(q.Get("c"))
	if err != nil {
		return nil, err
	}
	return c, nil
}

// URI is the claim as the text of a QR code. It tells where to enrol and not where to report, so
// the box must have a district.toml besides.
func (c *Claim) URI() string {
	return fmt.Sprintf("%s%s#c=%s&p=%s&t=%d", claimScheme, c.District.Enrol, c.Code, c.District.Pin,
		c.Issued.Unix())
}

// File is the claim as a file.
func (c *Claim) File() []byte {
	w := writer("# Whoever holds this file can enrol one box with it, once. Keep it like a key.\n")
	w.text("code", c.Code)
	w.time("issued", c.Issued)
	w.time("expires", c.Expires)
	w.text("site", c.Site)
	w.text("replaces", c.Replaces)
	w.time("asked", c.Asked)
	return append(append(w, "\n[district]\n"...), encodeDistrict(&c.District)...)
}

// Masked is the code as it may be shown: its first and its last group.
func (c *Claim) Masked() string {
	if len(c.Code) < 2*codeGroup {
		return "****"
	}
	return c.Code[:codeGroup] + "-****-****-" + c.Code[len(c.Code)-codeGroup:]
}

// complete fills in the district of a claim that does not tell it. It fails with E107 when the box
// does not know it either, and with E104 when the claim is for another one.
func (c *Claim) complete(d *District) error {
	if c.District.Tenant != "" {
		return nil
	}
	if d == nil || d.Tenant == "" {
		return errNoDistrict()
	}
	if c.District.Enrol != "" && d.Enrol != "" && c.District.Enrol != d.Enrol ||
		c.District.Pin != "" && d.Pin != "" && c.District.Pin != d.Pin {
		return errPin(nil)
	}
	full := *d
	full.Enrol = cmp.Or(c.District.Enrol, d.Enrol)
	full.Pin = cmp.Or(c.District.Pin, d.Pin)
	if full.Enrol == "" || full.Pin == "" {
		return errNoDistrict()
	}
	c.District = full
	return nil
}

// ParseDistrict reads a district.toml. Its error is Problems.
func ParseDistrict(name string, data []byte) (*District, error) {
	d := &District{}
	var ps Problems
	if decodeStrictly(&ps, name, data, d) {
		for _, text := range d.check() {
			ps.add("%s: %s", name, text)
		}
	}
	if len(ps) > 0 {
		return nil, ps
	}
	return d, nil
}

// decodeStrictly reads TOML into v and reports unknown keys, all at once; false: v is of no use.
func decodeStrictly(ps *Problems, name string, data []byte, v any) bool {
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(v)
	var strict *toml.StrictMissingError
	var one *toml.DecodeError
	switch {
	case err == nil:
		return true
	case errors.As(err, &strict):
		for i := range strict.Errors {
			line, _ := strict.Errors[i].Position()
			ps.add("%s:%d: unknown key %s; remove it", name, line,
				strings.Join(strict.Errors[i].Key(), "."))
		}
		return true
	case errors.As(err, &one):
		line, column := one.Position()
		ps.add("%s:%d:%d: %s", name, line, column, strings.TrimPrefix(one.Error(), "toml: "))
	default:
		ps.add("%s: %v", name, err)
	}
	return false
}
