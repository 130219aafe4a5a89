package agent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/desk"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/provisioning"
)

// Handler serves the page at / with what it needs, /status.json, /events.json, /history.json,
// /metrics and /healthz, and below /text what a terminal shows. Nothing can be changed through it,
// and no request takes a lock that the safety loop takes.
func (a *Agent) Handler() http.Handler {
	return a.pages(nil).Handler()
}

func (a *Agent) pages(acting func() diag.Acting) *diag.Pages {
	return diag.New(diag.Source{
		Status: a.status.Load, Events: a.newest, History: a.history, Effects: a.rows,
		Acting: acting,
	})
}

// rows are what the outputs of the site in use do.
func (a *Agent) rows(chinese bool) [][]string { return a.site().Rows(chinese) }

// acting tells how people can act on a page that asks who they are.
func (a *Agent) acting() diag.Acting {
	if len(a.site().Operators) == 0 {
		return diag.NoOperators
	}
	return diag.ByPIN
}

// newest are the newest events of this run, the newest last.
func (a *Agent) newest(most int) []alarm.Event {
	if g := a.guard.Load(); g != nil {
		return g.Ring().Last(most)
	}
	return nil
}

// pageRetry is how often a taken address, and a certificate that cannot be made, is tried again.
const pageRetry = 10 * time.Second

// page serves the page where the site file says, until ctx ends.
func (a *Agent) page(ctx context.Context) error {
	told := ""
	listen := a.site().Page.Listen
	for listen != "" && ctx.Err() == nil {
		l, err := net.Listen("tcp", listen)
		if err == nil {
			err = a.ServePage(ctx, l)
		}
		if err != nil && told != err.Error() {
			told = err.Error()
			a.log.Error("page", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pageRetry):
		}
	}
	return nil
}

// ServePage serves the page on l until ctx ends: everything of Handler, and acting for the
// operators of the site file, who log in with number and PIN. On an address that only the box
// itself reaches, reading is open and nothing is encrypted. On any other it speaks TLS with the
// certificate of the box, and who wants to read logs in too, unless the site file opens it.
func (a *Agent) ServePage(ctx context.Context, l net.Listener) error {
	face := diag.Face{URL: "http://" + l.Addr().String() + "/", Open: true}
	near := isNear(l.Addr())
	l = diag.Limit(l)
	if !near {
		cert, err := provisioning.Loader{Built: a.o.Built}.PageCertificate(
			filepath.Join(a.o.Dir, "identity"), names())
		if err != nil {
			return errors.Join(err, l.Close())
		}
		face.URL, face.Open = "https://"+outside(l.Addr())+"/", a.site().Page.Open
		face.Fingerprint = sha256.Sum256(cert.Certificate[0])
		l = tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"},
		})
	}
	a.facing.Store(&face)
	a.log.Info("page", "url", face.URL)
	return serve(ctx, l, a.desk(near))
}

// desk is the page as people act on it.
func (a *Agent) desk(near bool) http.Handler {
	pages, page := a.pages(a.acting), a.site().Page
	return diag.Guarded(desk.New(desk.Config{
		Read: pages.Handler(), Door: pages.Door, Check: a.admit, Known: a.knows,
		Obey: a.serveAct, Near: near, Open: page.Open, Names: append(names(), page.Names...),
		Log: a.log,
	}).Handler())
}

// isNear tells whether an address is reached from the box itself alone.
func isNear(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// names are what this box is called in its own network.
func names() []string {
	host, err := os.Hostname()
	if err != nil {
		return nil
	}
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	return []string{host, host + ".local"}
}

// outside is how others reach an address of ours: one that means all of them has no name.
func outside(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return at.String()
	}
	return net.JoinHostPort(cmp.Or(strings.Join(names()[:min(1, len(names()))], ""), host), port)
}

// pageAnswer is the answer to an order that was given on the page, with its words.
type pageAnswer struct {
	Answer
	En string `json:"en"`
	Zh string `json:"zh"`
}

// serveAct carries out an order of somebody whom the desk knows.
func (a *Agent) serveAct(w http.ResponseWriter, r *http.Request, by desk.Person, near bool) {
	o, err := readOrder(r.Body)
	if err == nil && (o.Operator != 0 || o.PIN != "") {
		err = errors.New("the page knows who acts; leave out operator and pin")
	}
	if err != nil {
		http.Error(w, "order: "+err.Error(), http.StatusBadRequest)
		return
	}
	c, err := o.command("page")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.By = alarm.Origin{Kind: alarm.Page, Operator: by.Number, Level: by.Level}
	if !near && a.isOnSite(&c) {
		c.Denied = alarm.RefusedFar
	}
	ans, err := a.obey(r.Context(), c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	said, code := named[alarm.Kind](ans.Event).Text(), http.StatusOK
	if !ans.Done {
		said, code = alarm.RefusalText(ans.Reason), http.StatusConflict
	}
	reply(w, code, pageAnswer{ans, said.En, said.Zh})
}

// isOnSite tells what nobody does from afar, whatever his PIN: he does not see what burns, whom a
// valve that opens harms, or why somebody on site has taken a point out of service.
func (a *Agent) isOnSite(c *alarm.Command) bool {
	g := a.guard.Load()
	if g == nil {
		return true
	}
	s := g.Snapshot()
	switch c.Action {
	case alarm.Reset:
		return slices.ContainsFunc(s.Alarms, func(x alarm.AlarmState) bool {
			return x.Signal.IsLifeSafety() && (c.Point == "" || c.Point == x.Point)
		})
	case alarm.Operate:
		return !c.On && slices.ContainsFunc(s.Outputs, func(o alarm.OutputState) bool {
			return o.ID == c.Output && o.Kind.Closes()
		})
	case alarm.Enable:
		return slices.ContainsFunc(s.Points, func(p alarm.PointState) bool {
			return p.ID == c.Point && p.Disabled > 0 && p.By.Kind != alarm.District
		})
	}
	return false
}

// ServeControl serves Control on l, a unix socket, until ctx ends.
func (a *Agent) ServeControl(ctx context.Context, l net.Listener) error {
	return serve(ctx, l, a.Control())
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := diag.NewServer(h)
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) || ctx.Err() == nil {
		return err
	}
	return nil
}
