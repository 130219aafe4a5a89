package agent

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/provisioning"
)

// ofUse is how long a connection lasts at least that was of use.
const ofUse = time.Minute

// dialIdentity connects over MQTT as the identity says. Key, certificate and authorities are read
// anew at each attempt.
func dialIdentity(id *provisioning.Identity, log *slog.Logger) uplink.Dial {
	var dials []uplink.Dial
	for _, address := range id.District.Brokers {
		dials = append(dials, uplink.PahoDial(uplink.Broker{
			URL: address, ClientID: id.ID, TLS: id.TLS, Log: log,
			Username: id.District.Username, Password: id.District.Password,
		}))
	}
	return inTurn(id, dials)
}

// inTurn dials the brokers of a district in their order: after a failure, and after a connection
// that was of no use, the next one, and after one that was the first again. How long to wait
// between two tries is for the courier to say.
func inTurn(id *provisioning.Identity, dials []uplink.Dial) uplink.Dial {
	at, up := 0, time.Time{}
	return func(ctx context.Context, o uplink.Opening) (uplink.Link, error) {
		if err := id.Check(); err != nil {
			return nil, fmt.Errorf("%w: %w", err, uplink.ErrClock)
		}
		switch {
		case up.IsZero(): // The last try has failed, or there was none.
		case time.Since(up) < ofUse:
			at = (at + 1) % len(dials)
		default:
			at = 0
		}
		up = time.Time{}
		link, err := dials[at](ctx, o)
		if err != nil {
			at = (at + 1) % len(dials)
			return nil, id.Explain(err)
		}
		up = time.Now()
		return link, nil
	}
}

// honest is dial, after which the panel is told whether the files of the identity are in use.
func (l *line) honest(id *provisioning.Identity, dial uplink.Dial) uplink.Dial {
	return func(ctx context.Context, o uplink.Opening) (uplink.Link, error) {
		link, err := dial(ctx, o)
		detail := ""
		if damage := id.Damage(); damage != nil {
			detail = damage.Error()
		}
		l.faults.say("uplink", alarm.IdentityDamaged, detail != "", detail)
		return link, err
	}
}
