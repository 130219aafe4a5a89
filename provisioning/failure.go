package provisioning

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Failure is why enrolment does not go on, in words for the person in front of the box: what is so,
// and what to do. Its code is the same in every language and in the manual.
type Failure struct {
	Code   string // such as "E102"
	En, Zh string
	Err    error // what was behind it; nil: nothing more is known
	// Passing says that it goes away without a person, so that the next try is soon.
	Passing bool
}

// Error is the English text.
func (f *Failure) Error() string { return f.Code + ": " + f.En }

// Unwrap returns what was behind it.
func (f *Failure) Unwrap() error { return f.Err }

// fail makes a failure whose two texts tell the same values.
func fail(code string, err error, en, zh string, values ...any) *Failure {
	return &Failure{
		Code: code, Err: err, En: fmt.Sprintf(en, values...), Zh: fmt.Sprintf(zh, values...),
	}
}

// passing is fail for what goes away by itself.
func passing(code string, err error, en, zh string, values ...any) *Failure {
	f := fail(code, err, en, zh, values...)
	f.Passing = true
	return f
}

// AsFailure finds the failure in an error, or makes one of it: E100 is what has no words of its
// own. It is nil for nil.
func AsFailure(err error) *Failure {
	var f *Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return f
	}
	return passing("E100", err, "Something went wrong: %v. It is tried again.",
		"出错：%v。将自动重试。", err)
}

func errUnknownClaim(err error) *Failure {
	return fail("E102", err, "The server says this claim code does not exist or has expired. "+
		"Ask the control room for a new one; readings are kept meanwhile.",
		"服务器提示注册码不存在或已过期。请向指挥中心索取新码；"+
			"数据仍在本机保存。")
}

func errUsedClaim(err error, by string) *Failure {
	en, zh := "", ""
	if by != "" {
		en, zh = " ("+by+")", "（"+by+"）"
	}
	return &Failure{Code: "E103", Err: err,
		En: "This claim code was already used by another box" + en +
			". If you replaced the SD card or board, ask for a replacement claim.",
		Zh: "此注册码已被另一台设备使用" + zh + "。如更换了存储卡或主板，请索取更换用注册码。"}
}

func errPin(err error) *Failure {
	return fail("E104", err, "The server's certificate does not match the one on the claim. "+
		"Do not continue on this network: something is intercepting the connection, or the claim "+
		"is for another district.",
		"服务器证书与注册码不符。请勿在此网络继续：连接可能被截获，或注册码属于其他区域。")
}

func errBehind(err error, now, starts string) *Failure {
	return passing("E105", err, "The clock says %s, before the server's certificate starts (%s). "+
		"No time server has set it (UDP 123). Wait for NTP, or run: firepost enrol --claim FILE.",
		"时钟显示 %s，早于服务器证书的生效日期（%s）。尚无时间服务器校时（UDP 123）。"+
			"请等待 NTP 校时，或运行：firepost enrol --claim 文件。", now, starts)
}

func errAhead(err error, now, ends string) *Failure {
	return passing("E105", err, "The clock says %s, after the server's certificate ended (%s). "+
		"Set the clock; if it is right, tell the control room.",
		"时钟显示 %s，晚于服务器证书的到期日期（%s）。请校准时钟；如时钟正确，请告知指挥中心。", now, ends)
}

func errWaiting(asked, next string) *Failure {
	return passing("E106", nil, "Waiting for approval in the control room "+
		"(asked %s, next try in %s). You can leave: it goes on by itself.",
		"等待指挥中心批准（%s 提交，%s 后重试）。您可以离开，设备会自动继续。", asked, next)
}

func errNoDistrict() *Failure {
	return fail("E107", nil, "This box does not know its district yet. "+
		"Copy district.toml to the card or install the district's package.",
		"本设备尚不知所属区域。请将 district.toml 复制到存储卡，或安装区域软件包。")
}

func errAnswer(err error, what string) *Failure {
	return passing("E108", err, "The server's answer cannot be used: %s. It is tried again; "+
		"if it stays, tell the control room.",
		"服务器应答无法使用：%s。将自动重试；如持续出现，请告知指挥中心。", what)
}

func errNetwork(err error, en, zh string) *Failure {
	return &Failure{Code: "E110", Err: err, Passing: true,
		En: "No network: " + en + ". Local alarms work; enrolment will happen by itself.",
		Zh: "无网络：" + zh + "。本地报警正常；网络恢复后会自动注册。"}
}

func errRefused(err error) *Failure {
	return fail("E111", err, "The broker refuses the certificate of this box. It is tried again; "+
		"if it stays, tell the control room.",
		"消息服务器拒绝本设备的证书。将自动重试；如持续出现，请告知指挥中心。")
}

func errStranger(err error) *Failure {
	return fail("E112", err, "The broker's certificate is not from the district's authority. "+
		"Do not continue on this network, or tell the control room.",
		"消息服务器的证书不属于本区域。请勿在此网络继续，或告知指挥中心。")
}

func errEnded(ended, now string) *Failure {
	return fail("E113", nil, "The certificate of this box ended on %s and today is %s, and the "+
		"server does not renew it. Ask the control room for a new claim; readings are kept meanwhile.",
		"本设备证书已于 %s 到期，今天是 %s，服务器不予续期。请向指挥中心索取新码；数据仍在本机保存。",
		ended, now)
}

func errSimulated(sim bool) *Failure {
	if sim {
		return fail("E115", nil, "This claim is for a real box, and this board is simulated. "+
			"Use a claim of firmware-sim district.",
			"此注册码用于真实设备，而本机是模拟板。请使用 firmware-sim district 发放的注册码。")
	}
	return fail("E115", nil, "This claim is for a simulated box. Ask the control room for a real one.",
		"此注册码仅用于模拟设备。请向指挥中心索取正式注册码。")
}

// errMoved is the failure of a card that is in another board than that of its key.
func errMoved(was, now string) *Failure {
	return fail("E216", nil, "This card was enrolled on another board (%s, now %s). "+
		"Run: firepost enrol --replace with a new claim.",
		"此卡是在另一块主板上注册的（%s，现为 %s）。请用新注册码运行：firepost enrol --replace。",
		was, now)
}

// MarshalJSON is the failure as status pages and scripts see it.
func (f *Failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"code": f.Code, "en": f.En, "zh": f.Zh})
}
