package probe

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

// nearEnd is how long before its end a certificate is spoken of.
const nearEnd = 14 * 24 * time.Hour

// Identity looks at who the box is: what Load said of its identity folder.
func Identity(id *provisioning.Identity, err error) Step {
	return Step{
		Name: "identity", Title: alarm.Text{En: "identity", Zh: "注册"}, Limit: 2 * time.Second,
		Run: func(context.Context) []Finding { return judgeIdentity(id, err) },
	}
}

func judgeIdentity(id *provisioning.Identity, err error) []Finding {
	local := both("Alarms work on the spot; nobody outside is told of them.",
		"本地报警正常，但外部不会收到报警。")
	switch {
	case errors.Is(err, fs.ErrPermission):
		return one(Finding{Level: Note, Do: both("sudo firepost check", "sudo firepost check"),
			Says: both("it is another user's and was not read", "属于其他用户，未读取")})
	case errors.Is(err, provisioning.ErrNone):
		return one(Finding{Level: Warning, Do: local,
			Says: both("this box belongs to no district yet", "本设备尚未注册到区域平台")})
	case err != nil:
		return one(Finding{Level: Warning, Do: local, Says: both("%v", "%v", err)})
	case !id.Enrolled():
		return one(Finding{Level: Warning, Do: local, Says: both(
			"%s has a key and no certificate yet", "%s 已有密钥，尚无证书", id.ID)})
	}
	if wrong := id.Check(); wrong != nil {
		return one(Finding{Level: Warning, Do: local, Says: both("%v", "%v", wrong)})
	}
	district := id.District.Tenant
	if id.Expires.IsZero() {
		return good(both("%s of %s, without a certificate", "%s，属于 %s，无证书", id.ID, district))
	}
	until := id.Expires.Format(time.DateOnly)
	if id.Expires.Sub(id.Now()) < nearEnd {
		return one(Finding{Level: Warning,
			Says: both("the certificate of %s ends on %s", "%s 的证书将于 %s 到期", id.ID, until),
			Do:   both("Ask the district for a new one.", "请向区域平台申请新证书。")})
	}
	return good(both("%s of %s, valid to %s", "%s，属于 %s，有效期至 %s", id.ID, district, until))
}
