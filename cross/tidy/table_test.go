package tidy_test

// rooms is the import table of the house: which of our packages a package may import. A package
// that is not listed fails the test, so that a new room is a decision and not an accident.
var rooms = map[string][]string{
	"drivers":             {},
	"drivers/contact":     {"drivers"},
	"drivers/relay":       {"drivers"},
	"drivers/sht4x":       {"drivers"},
	"drivers/sps30":       {"drivers"},
	"drivers/ads1115":     {"drivers"},
	"drivers/sht3x":       {"drivers"},
	"drivers/aht20":       {"drivers"},
	"drivers/sgp40":       {"drivers"},
	"drivers/mlx90614":    {"drivers"},
	"drivers/bmx280":      {"drivers"},
	"drivers/sgp30":       {"drivers"},
	"drivers/sen5x":       {"drivers"},
	"drivers/amg8833":     {"drivers"},
	"drivers/loop420":     {"drivers"},
	"drivers/ratiometric": {"drivers"},
	"drivers/eolloop":     {"drivers"},
	"drivers/ina2xx":      {"drivers"},
	"drivers/mcp342x":     {"drivers"},
	"drivers/mains":       {"drivers"},
	"drivers/max3010x":    {"drivers"},
	"drivers/ds3231":      {"drivers"},
	"drivers/mq":          {"drivers"},
	"drivers/leakrope":    {"drivers"},
	"drivers/mcp23017":    {"drivers"},
	"drivers/pcf8574":     {"drivers"},
	"drivers/dfgas":       {"drivers"},
	"drivers/scd4x":       {"drivers"},
	"drivers/pulses":      {"drivers"},
	"drivers/pca9548":     {},
	"drivers/catalog": {
		"drivers", "drivers/contact", "drivers/relay", "drivers/sht4x", "drivers/sps30",
		"drivers/ads1115", "drivers/loop420", "drivers/ratiometric", "drivers/eolloop",
		"drivers/ina2xx", "drivers/mcp23017", "drivers/pcf8574", "drivers/mcp342x",
		"drivers/mains", "drivers/mq", "drivers/leakrope", "drivers/ds3231", "drivers/pca9548",
		"drivers/max3010x",
		"drivers/dfgas", "drivers/scd4x", "drivers/pulses",
		"drivers/sht3x", "drivers/aht20", "drivers/sgp40", "drivers/mlx90614",
		"drivers/bmx280", "drivers/sgp30", "drivers/sen5x", "drivers/amg8833",
	},
	"drivers/board": {"drivers"},

	"agent/point":  {"drivers"},
	"agent/detect": {"agent/point", "drivers"},
	"agent/alarm":  {"agent/point", "agent/detect", "drivers"},
	"agent/site": {
		"agent/alarm", "agent/detect", "agent/point", "drivers", "drivers/catalog",
	},
	"agent/wire":              {"agent/alarm", "agent/detect", "agent/point", "drivers"},
	"agent/internal/guard":    {"agent/alarm", "agent/detect", "agent/point", "drivers"},
	"agent/internal/scribe":   {"agent/alarm", "agent/point", "agent/wire", "buffer", "drivers"},
	"agent/internal/keeper":   {"agent/alarm"},
	"agent/internal/ledger":   {"agent/alarm", "agent/point", "agent/wire"},
	"agent/internal/uplink":   {"buffer", "agent/wire"},
	"agent/internal/history":  {"agent/alarm", "agent/detect", "agent/point", "drivers"},
	"agent/internal/desk":     {"agent/alarm"},
	"agent/internal/sitefile": {"agent/site"},
	"agent/internal/diag": {
		"agent/alarm", "agent/detect", "agent/internal/history", "agent/point", "drivers",
	},
	"agent/internal/probe": {
		"agent/alarm", "agent/detect", "agent/internal/diag", "agent/internal/uplink", "agent/site",
		"drivers", "drivers/catalog", "provisioning",
	},
	"agent": {
		"agent/alarm", "agent/detect", "agent/point", "agent/site", "agent/wire", "buffer",
		"provisioning", "drivers", "drivers/catalog", "agent/internal/diag", "agent/internal/guard",
		"agent/internal/desk", "agent/internal/history", "agent/internal/keeper",
		"agent/internal/ledger", "agent/internal/probe", "agent/internal/scribe",
		"agent/internal/sitefile",
		"agent/internal/uplink",
	},
	"agent/cmd/firepost": {
		"agent", "agent/alarm", "agent/site", "agent/internal/probe", "drivers", "drivers/board",
		"drivers/catalog", "provisioning",
	},

	"buffer":       {},
	"provisioning": {},

	"provisioning/enroltest": {"provisioning"},

	"firmware-sim/chip":       {},
	"firmware-sim/world":      {},
	"firmware-sim/board":      {"firmware-sim/chip", "drivers"},
	"firmware-sim/vhost":      {"drivers"},
	"firmware-sim/recordings": {},
	"firmware-sim/replay":     {"firmware-sim/chip"},
	"firmware-sim/rig": {
		"firmware-sim/board", "firmware-sim/chip", "drivers", "drivers/catalog", "agent/site",
	},
	"firmware-sim/score": {
		"firmware-sim/board", "firmware-sim/chip", "firmware-sim/replay", "drivers",
		"drivers/catalog", "agent/alarm", "agent/detect", "agent/point", "agent/site",
	},
	"firmware-sim/dst": {
		"firmware-sim/board", "firmware-sim/chip", "firmware-sim/world", "drivers",
		"drivers/catalog", "agent/point", "agent/detect", "agent/alarm", "agent/site",
	},
	"firmware-sim/district": {"agent/wire"},
	"firmware-sim/conform":  {"agent/wire"},
	"firmware-sim/fleet": {
		"firmware-sim/board", "firmware-sim/rig", "agent", "agent/site", "provisioning",
	},
	"firmware-sim": {
		"firmware-sim/board", "firmware-sim/chip", "firmware-sim/recordings", "firmware-sim/replay",
		"firmware-sim/rig",
		"firmware-sim/score", "firmware-sim/district", "firmware-sim/conform",
		"firmware-sim/fleet", "agent", "agent/alarm", "agent/detect",
		"agent/site", "agent/wire",
		"drivers", "provisioning",
	},

	"cross/tidy":   {},
	"cross/report": {},

	"cross/deb":            {},
	"cross/platform":       {},
	"cross/vm":             {},
	"cross/vm/init":        {},
	"cross/vm/hammer":      {"drivers/board"},
	"cross/vm/thermometer": {"drivers/board"},
	"cross/bench": {
		"agent", "agent/alarm", "agent/detect", "agent/point", "agent/site", "agent/wire", "buffer",
		"drivers", "provisioning", "firmware-sim/board", "firmware-sim/chip",
		"firmware-sim/district", "firmware-sim/rig",
	},
}

// keepers names, for a library that must not spread, the packages that may import it, and why.
var keepers = []struct {
	library string
	rooms   []string
	why     string
}{
	{"periph.io/x/host", []string{"drivers/board"}, "it opens /dev when it is initialised"},
	{"github.com/warthog618/go-gpiocdev", []string{"drivers/board"}, "lines are opened in one place"},
	{"github.com/eclipse/paho.mqtt.golang", []string{
		"agent/internal/uplink", "firmware-sim/district", "firmware-sim/conform"},
		"its tokens and its globals need care that is taken in one place"},
	{"go.etcd.io/bbolt", []string{"buffer", "firmware-sim/district"},
		"its panics are contained in one place; the district is no part of a device"},
	{"github.com/google/renameio", []string{
		"agent", "provisioning", "agent/internal/keeper", "agent/internal/ledger",
		"agent/internal/sitefile"},
		"files that must be whole are written in few places"},
	{"github.com/coreos/go-systemd", []string{"agent/cmd/firepost"},
		"a library does not talk to init"},
	{"github.com/mochi-mqtt/server", []string{"firmware-sim/district"},
		"the device has no broker"},
	{"rsc.io/qr", []string{"provisioning"}, "labels are drawn in one place"},
	{"github.com/hashicorp/go-retryablehttp", []string{"provisioning"},
		"one place speaks to servers of the district over HTTP"},
	{"net/http", []string{"agent", "agent/internal/desk", "agent/internal/diag",
		"agent/internal/probe", "agent/cmd/firepost", "firmware-sim", "cross/bench", "provisioning",
		"provisioning/enroltest"},
		"one place serves pages, one asks for certificates"},
	{"os/exec", []string{"cross/bench", "cross/deb", "cross/vm/init", "firmware-sim"},
		"the agent starts no program"},
	{"net", []string{"agent", "agent/cmd/firepost", "agent/internal/desk", "agent/internal/diag",
		"agent/internal/probe", "agent/internal/uplink", "agent/site", "cross/bench",
		"cross/vm/init", "drivers/board", "firmware-sim", "firmware-sim/board",
		"firmware-sim/conform", "firmware-sim/district", "firmware-sim/vhost", "provisioning",
		"provisioning/enroltest"},
		"the loop, the panel and the outbox know no network"},
}

// deviceFree lists what may never be linked into the device's binary.
var deviceFree = []string{
	"github.com/mochi-mqtt/server", "github.com/rs/xid", "github.com/santhosh-tekuri/jsonschema",
	"go.yaml.in/yaml",
}

// deviceRooms are the packages that deviceFree speaks of.
var deviceRooms = []string{"./agent/...", "./drivers/...", "./buffer/...", "./provisioning/..."}
