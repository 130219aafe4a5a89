package probe

import (
	"context"
	"os"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// tooFarAhead is how long after the build a clock is no longer believed, as the agent has it.
const tooFarAhead = 10 * 365 * 24 * time.Hour

// timeState is what the kernel says of its clock.
type timeState struct {
	now    time.Time
	synced bool          // a time server leads it
	within time.Duration // how wrong it may be then
	rtc    bool          // there is one with a battery
}

// Clock looks at the system's clock: whether it can be right, and who leads it. built is when the
// program was made; zero: not known.
func Clock(built time.Time) Step {
	return Step{
		Name: "clock", Title: alarm.Text{En: "clock", Zh: "时钟"}, Limit: 2 * time.Second,
		Run: func(context.Context) []Finding {
			t := kernelTime()
			_, err := os.Stat("/sys/class/rtc/rtc0")
			t.rtc = err == nil
			return t.judge(built)
		},
	}
}

func (t timeState) judge(built time.Time) []Finding {
	wait := both("Wait for a time server (UDP 123), or set it: sudo timedatectl set-time ...",
		"请等待时间服务器同步（UDP 123），或手动设置：sudo timedatectl set-time ...")
	text := t.now.Format("2006-01-02 15:04:05 -07:00")
	var found []Finding
	switch {
	case !built.IsZero() && t.now.Before(built):
		return one(Finding{Code: "E105", Level: Warning, Do: wait,
			Says: both("the clock says %s, before this program was made (%s); nothing can be sent "+
				"until it is right, and alarms on the spot do not need it",
				"时钟为 %s，早于本程序的生成时间（%s）；校准前无法上传，本地报警不受影响",
				text, built.Format(time.DateOnly))})
	case !built.IsZero() && t.now.After(built.Add(tooFarAhead)):
		return one(Finding{Code: "E105", Level: Warning, Do: wait,
			Says: both("the clock says %s, which is not believed: this program is of %s",
				"时钟为 %s，不可信：本程序生成于 %s", text, built.Format(time.DateOnly))})
	case !t.synced:
		found = one(Finding{Level: Warning, Do: wait,
			Says: both("%s; no time server leads it", "%s；未与时间服务器同步", text)})
	default:
		found = good(both("%s, led by a time server, within %v",
			"%s，已与时间服务器同步，误差 %v 以内", text, t.within.Round(time.Millisecond)))
	}
	if !t.rtc {
		found = append(found, Finding{Level: Note,
			Says: both("the board has no clock with a battery: after a power cut the time is wrong "+
				"until a time server answers",
				"本板没有带电池的时钟：断电重启后，联网校时前时间不准")})
	}
	return found
}
