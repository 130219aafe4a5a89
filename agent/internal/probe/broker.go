package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/provisioning"
)

// Limits of the steps to a broker. A line over radio takes seconds.
const (
	lookUpLimit  = 5 * time.Second
	connectLimit = 5 * time.Second
	secureLimit  = 10 * time.Second
	greetLimit   = 10 * time.Second
)

// trip is the way to one broker, a step at a time. What a step has won the next one takes over; one
// that failed leaves nothing, and the rest is not gone.
type trip struct {
	id      *provisioning.Identity
	url     *url.URL
	address string // of the host that answered the look-up
	conn    net.Conn
}

// Broker looks at the way to each broker of an identity: its name, the connection, the certificates
// of both sides, and MQTT. The last step ends a session with the same identity, so none of this is
// done while an agent runs.
func Broker(id *provisioning.Identity) (steps []Step) {
	for _, text := range id.District.Brokers {
		u, err := url.Parse(text)
		if err != nil {
			continue // Load has refused it
		}
		t := &trip{id: id, url: u}
		title := alarm.Text{En: "district", Zh: "区域平台"}
		steps = append(steps,
			Step{Name: "broker.dns", Title: title, Limit: lookUpLimit, Run: t.lookUp},
			Step{Name: "broker.tcp", Title: title, Limit: connectLimit, Run: t.connect})
		if u.Scheme == "mqtts" || u.Scheme == "ssl" {
			steps = append(steps,
				Step{Name: "broker.tls", Title: title, Limit: secureLimit, Run: t.secure})
		}
		steps = append(steps,
			Step{Name: "broker.mqtt", Title: title, Limit: greetLimit, Run: t.greet})
	}
	return steps
}

// warning is how each of these steps fails: alarms on the spot do not need the district.
func warning(says, do alarm.Text) []Finding {
	return one(Finding{Level: Warning, Says: says, Do: do})
}

func (t *trip) lookUp(ctx context.Context) []Finding {
	host := t.url.Hostname()
	if net.ParseIP(host) != nil {
		t.address = host
		return nil
	}
	all, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return warning(both("the name %s is not found: %v", "找不到主机名 %s：%v", host, reason(err)),
			both("Is there a network (ip address), and a name server (resolvectl status)?",
				"请检查网络（ip address）和域名服务器（resolvectl status）。"))
	}
	t.address = all[0]
	return good(both("%s is %s", "%s 的地址为 %s", host, strings.Join(all, ", ")))
}

func (t *trip) connect(ctx context.Context) []Finding {
	if t.address == "" {
		return nil
	}
	at := net.JoinHostPort(t.address, t.url.Port())
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return warning(both("%s: %v", "%s：%v", at, reason(err)), t.whyNoAnswer(err))
	}
	t.conn = c
	return good(both("%s answers", "%s 有应答", at))
}

func (t *trip) whyNoAnswer(err error) alarm.Text {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return both("Nobody listens there: is the port of the broker right, and does it run?",
			"该端口无服务：请核对端口，并确认服务器已启动。")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return both("There is no way there: check the cable, the SIM, and ip route.",
			"网络不通：请检查网线、SIM 卡和 ip route。")
	}
	return both("Something on the way swallows it: a firewall must let port %s out.",
		"途中被拦截：防火墙需放行 %s 端口。", t.url.Port())
}

func (t *trip) secure(ctx context.Context) []Finding {
	if t.conn == nil {
		return nil
	}
	config, err := t.id.TLS()
	if err != nil {
		t.close()
		return warning(both("%v", "%v", err), alarm.Text{})
	}
	if config.ServerName == "" {
		config.ServerName = t.url.Hostname()
	}
	secured := tls.Client(t.conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		t.close()
		return warning(both("no TLS: %v", "TLS 握手失败：%v", reason(t.id.Explain(err))),
			t.whyNotSecure(err))
	}
	t.conn = secured
	peer := secured.ConnectionState().PeerCertificates[0]
	return good(both("%s shows a certificate of the district, valid to %s",
		"%s 的证书由区域签发，有效期至 %s", t.url.Hostname(), peer.NotAfter.Format(time.DateOnly)))
}

func (t *trip) whyNotSecure(err error) alarm.Text {
	if errors.As(err, new(tls.RecordHeaderError)) {
		return both("Port %s does not speak TLS: correct brokers in district.toml.",
			"%s 端口不是 TLS：请改正 district.toml 中的 brokers。", t.url.Port())
	}
	return alarm.Text{}
}

func (t *trip) greet(ctx context.Context) []Finding {
	if t.conn == nil {
		return nil
	}
	defer t.close()
	conn := t.conn
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	began := time.Now()
	err := uplink.Greet(t.conn, t.id.ID, greetLimit)
	switch {
	case errors.Is(err, uplink.ErrRefused):
		return warning(both("the broker refuses %s: %v", "平台拒绝 %s：%v", t.id.ID,
			reason(err)),
			both("Ask the district whether this box is known there and not revoked.",
				"请向区域平台确认本设备已登记且未被吊销。"))
	case err != nil:
		return warning(both("the broker does not answer as one: %v", "平台无正常应答：%v",
			reason(err)),
			both("Is this the address of an MQTT broker?", "请核对地址是否为 MQTT 服务器。"))
	}
	return good(both("%s accepts %s, after %v", "%s 接受 %s，用时 %v", t.url.Host, t.id.ID,
		time.Since(began).Round(time.Millisecond)))
}

func (t *trip) close() {
	if t.conn != nil {
		t.conn.Close()
		t.conn = nil
	}
}

// reason is the innermost error where the outer ones only repeat the address.
func reason(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	number := syscall.Errno(0)
	switch {
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	case errors.As(err, &number):
		return number
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF):
		return errors.New("it hung up")
	case errors.As(err, &op) && op.Op != "remote error":
		return op.Err
	}
	return err
}
