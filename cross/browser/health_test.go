package browser

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// While the program is dead an open page says so loudly and stops looking like the truth; when it
// is back the page is too, by itself.
func (c *cast) outlivesTheProgram(t *testing.T) {
	b := newTab(t, c.browser, face{"en", 1280, 800})
	s := newStation(t, c.programs, false)
	b.open(s.url + "?lang=en")
	b.shows("#state")
	for round := range 2 {
		s.agent.kill()
		b.shows("#lost")
		b.holds("the page is marked", `document.documentElement.classList.contains('lost')`)
		if round == 0 {
			b.look("lost")
		}
		s.run(t)
		b.holds("the page is back", `document.querySelector('#lost').hidden &&
			!document.documentElement.classList.contains('lost')`)
	}
	b.holds("the page is live", `(() => {
		const now = document.querySelector('#state .time').innerText;
		const was = window.wasTime ??= now;
		return was != now;
	})()`)
	b.look("back")
}

// loaded follows what a page fetches.
type loaded struct {
	mu    sync.Mutex
	bytes float64
	files []string
}

func (l *loaded) follow(t *testing.T, b *tab) {
	t.Helper()
	names := map[network.RequestID]string{}
	err := chromedp.Listen(b.ctx, func(event any) {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch e := event.(type) {
		case *network.EventResponseReceived:
			names[e.RequestID] = e.Response.URL
		case *network.EventLoadingFinished:
			l.bytes += e.EncodedDataLength
			l.files = append(l.files, fmt.Sprintf("%6.0f B %s", e.EncodedDataLength, names[e.RequestID]))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
}

// mostBytes is what the first look at the page may take from the network.
const mostBytes = 120 << 10

// The page is small, and on a slow phone in a bad network it is there in a few seconds.
func (c *cast) loadsSoon(t *testing.T) {
	b := newTab(t, c.browser, face{"zh", 360, 740})
	s := newStation(t, c.programs, false)
	var l loaded
	l.follow(t, b)
	// A phone of the lowest class, behind the edge of a cell: the numbers of "slow 3G".
	slow := network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{
			{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 50_000},
		},
	}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, slow); err != nil {
		t.Fatal(err)
	}
	cpu := emulation.SetCPUThrottlingRateParams{Rate: 6}
	if _, err := chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate, cpu); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	b.open(s.url + "?lang=zh")
	b.shows("#state h1")
	there := time.Since(began)
	b.holds("a live page", `document.querySelector('#views a[aria-current]') != null`)
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Log(strings.Join(l.files, "\n"))
	told := fmt.Sprintf("first load: %.1f KB; to be read after %.1f s on a slow phone (latency 400 ms, "+
		"50 kB/s, a sixth of this processor)\n", l.bytes/1024, there.Seconds())
	if err := os.WriteFile(screens+"/load.txt", []byte(told), 0o644); err != nil {
		t.Error(err)
	}
	if l.bytes > mostBytes || l.bytes < 1024 {
		t.Errorf("the first load takes %.0f bytes, want at most %d", l.bytes, mostBytes)
	}
}
