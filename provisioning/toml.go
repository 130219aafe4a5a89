package provisioning

import (
	"encoding/json"
	"time"
)

// writer writes TOML, for the few files that this package writes: the encoder of the library that
// reads them would be 40 kB of the device's program.
type writer []byte

// text writes a key unless its value is empty. What JSON writes for a text is a text in TOML.
func (w *writer) text(key, value string) {
	if value != "" {
		w.value(key, value)
	}
}

func (w *writer) flag(key string, value bool) {
	if value {
		w.value(key, value)
	}
}

func (w *writer) time(key string, t time.Time) {
	if !t.IsZero() {
		*w = append(*w, key+" = "+t.UTC().Format(time.RFC3339)+"\n"...)
	}
}

func (w *writer) value(key string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("provisioning: a text cannot be written: " + err.Error()) // It is none of ours.
	}
	*w = append(*w, key+" = "+string(text)+"\n"...)
}

func encodeDistrict(d *District) []byte {
	w := writer{}
	w.text("tenant", d.Tenant)
	w.value("brokers", d.Brokers)
	if len(d.SiteKeys) > 0 {
		w.value("site_keys", d.SiteKeys)
	}
	w.text("server_name", d.ServerName)
	w.text("username", d.Username)
	w.text("password", d.Password)
	w.flag("insecure", d.Insecure)
	w.flag("sim", d.Sim)
	w.text("enrol", d.Enrol)
	w.text("pin", d.Pin)
	return w
}
