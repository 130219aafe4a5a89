package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
)

// Text is what a person reads, in both languages.
type Text struct{ En, Zh string }

// FaultKind is one line of the catalogue. Says is for the panel, Do for the person in front of it.
type FaultKind struct {
	Code     detect.FaultCode
	Says, Do Text
	After    time.Duration      // shown only once it has lasted so long
	Unless   []detect.FaultCode // hidden while one of these stands
}

// The faults that other rooms give notice of.
const (
	OutputFailed    detect.FaultCode = "output_failed"
	UplinkDown      detect.FaultCode = "uplink_down"
	UplinkRefused   detect.FaultCode = "uplink_refused"
	IdentityShared  detect.FaultCode = "identity_shared"
	NotEnrolled     detect.FaultCode = "not_enrolled"
	IdentityDamaged detect.FaultCode = "identity_damaged"
	StorageFull     detect.FaultCode = "storage_full"
	StorageFailed   detect.FaultCode = "storage_failed"
	StorageSlow     detect.FaultCode = "storage_slow"
	Restarted       detect.FaultCode = "restarted"
	SavedLost       detect.FaultCode = "saved_lost"
	PlanRejected    detect.FaultCode = "plan_rejected"
	PlanFallback    detect.FaultCode = "plan_fallback"
	ClockUnsynced   detect.FaultCode = "clock_unsynced"
	BusHung         detect.FaultCode = "bus_hung"
	BusMissing      detect.FaultCode = "bus_missing"
	MainsLost                        = detect.MainsLost // of a box that knows its own supply
)

// The faults that the panel finds of an output with a feedback.
const (
	ValveFail   detect.FaultCode = "valve_fail"
	Unconfirmed detect.FaultCode = "output_unconfirmed"
)

// catalogue holds every fault that has words of its own.
var catalogue = []FaultKind{
	{Code: detect.SensorFailed,
		Says: Text{"The sensor gives no usable reading.", "传感器读数无效。"},
		Do: Text{"Check its wiring and plug; replace the sensor if it stays. " +
			"This point cannot see a danger.",
			"请检查接线和插头；仍不恢复请更换传感器。此点位目前无法探测险情。"}},
	{Code: detect.SensorSilent,
		Says: Text{"The sensor is silent.", "传感器无数据。"},
		Do: Text{"Check that it has power and its cable is plugged in. " +
			"This point cannot see a danger.",
			"请检查传感器供电和线缆是否插好。此点位目前无法探测险情。"}},
	{Code: detect.SensorRange,
		Says: Text{"The sensor reads what it cannot measure.", "传感器读数超出量程。"},
		Do: Text{"Check its wiring and its range in the site file; replace it if it stays. " +
			"This point may not see a danger.",
			"请检查接线和配置中的量程；仍不恢复请更换传感器。此点位可能无法探测险情。"}},
	{Code: detect.SensorJumps,
		Says: Text{"The reading jumps faster than anything can.", "传感器读数异常跳变。"},
		Do: Text{"Look for a loose plug or strong interference; replace the sensor if it stays.",
			"请检查插头是否松动、有无强干扰；仍不恢复请更换传感器。"}},
	{Code: detect.SensorStuck,
		Says: Text{"The reading has not moved for a day.", "传感器读数一整天没有变化。"},
		Do: Text{"Test the sensor; replace it if its reading does not move. " +
			"This point may not see a danger.",
			"请测试传感器，读数不变则更换。此点位可能无法探测险情。"}},
	{Code: detect.SensorsDisagree,
		Says: Text{"Two sensors for the same thing disagree.", "两个互为备份的传感器读数不一致。"},
		Do: Text{"Find out which of the two is wrong and replace it.",
			"请找出读数有误的一个并更换。"}},
	{Code: detect.LineOpen,
		Says: Text{"The line is broken.", "线路断路。"},
		Do: Text{"Check the cable, its terminals and the resistor at its end. " +
			"What hangs on this line cannot raise an alarm.",
			"请检查线缆、接线端子和终端电阻。此线路上的设备目前无法报警。"}},
	{Code: detect.LineShort,
		Says: Text{"The line is shorted.", "线路短路。"},
		Do: Text{"Check the cable and what hangs on it for damage and water. " +
			"What hangs on this line cannot raise an alarm.",
			"请检查线缆及所接设备有无破损、进水。此线路上的设备目前无法报警。"}},
	{Code: detect.Contaminated,
		Says: Text{"The detector is dirty.", "探测器污染严重。"},
		Do: Text{"Clean or replace it now. It may alarm without a fire, or too late.",
			"请立即清洁或更换。探测器可能误报或迟报。"}},
	{Code: detect.DirtySoon,
		Says: Text{"The detector is getting dirty.", "探测器即将达到污染限值。"},
		Do: Text{"Have it cleaned soon. It still works.",
			"请尽快安排清洁。目前仍能正常工作。"}},
	{Code: detect.EndOfLife,
		Says: Text{"The sensor is past the end of its life.", "传感器已到使用寿命。"},
		Do: Text{"Replace it and write the new date of installation into the site file.",
			"请更换传感器，并在站点配置文件中写入新的安装日期。"}},
	{Code: detect.EndOfLifeSoon,
		Says: Text{"The sensor reaches the end of its life within 30 days.", "传感器将在 30 天内到期。"},
		Do:   Text{"Order a new one. It still works.", "请准备更换。目前仍能正常工作。"}},
	{Code: detect.BatteryLow,
		Says: Text{"The battery is low.", "电池电量不足。"},
		Do: Text{"Restore the mains, or change the battery. Alarms work until it is empty.",
			"请恢复主电或更换电池。电量耗尽前报警正常。"}},
	{Code: detect.RuleBroken,
		Says: Text{"The program that judges this point has failed.", "此点位的判断程序出错。"},
		Do: Text{"Watch this point in person, restart the box and report the fault to the maker.",
			"请派人值守此点位，重启设备，并向厂家报告。"}},
	{Code: OutputFailed,
		Says: Text{"A siren, light or valve does not obey.", "声光警报器或阀门不受控制。"},
		Do: Text{"Check its wiring and power. Be ready to warn people by voice.",
			"请检查其接线和供电，并准备人工示警。"}},
	{Code: ValveFail,
		Says: Text{"A valve was told to close and does not report that it is closed.",
			"阀门已收到关闭指令，但未反馈已关闭。"},
		Do: Text{"Close the valve by hand, then check its drive and its feedback contact.",
			"请手动关闭阀门，再检查执行器和反馈触点。"}},
	{Code: Unconfirmed,
		Says: Text{"An output was switched on and does not report that it works.",
			"联动设备已启动，但未反馈动作。"},
		Do: Text{"Go and see whether it works, then check its power and its feedback contact.",
			"请到现场查看是否动作，再检查其供电和反馈触点。"}},
	{Code: UplinkDown,
		Says: Text{"No connection to the district.", "与区域平台的连接中断。"},
		Do: Text{"Check the network cable and the SIM. Local alarms work.",
			"请检查网线和 SIM 卡。本地报警正常。"},
		After: time.Minute, Unless: []detect.FaultCode{MainsLost, UplinkRefused}},
	{Code: UplinkRefused,
		Says: Text{"The district refuses this box.", "区域平台拒绝本设备接入。"},
		Do: Text{"Renew the certificate or enrol the box again. Local alarms work.",
			"请更新证书或重新注册设备。本地报警正常。"}},
	{Code: IdentityShared,
		Says: Text{"Another box uses the identity of this one.", "另有设备正在使用本设备的身份。"},
		Do: Text{"Find the box that was copied from this one and enrol it anew. Local alarms work.",
			"请找出由本设备复制的另一台并重新注册。本地报警正常。"}},
	{Code: NotEnrolled,
		Says: Text{"This box belongs to no district yet.", "本设备尚未注册到区域平台。"},
		Do: Text{"Enrol it. Local alarms work, and nobody outside is told of them.",
			"请注册设备。本地报警正常，但外部不会收到报警。"},
		After: time.Minute},
	{Code: IdentityDamaged,
		Says: Text{"The new key or certificate is damaged; the old one is used.",
			"新的密钥或证书有误，仍使用旧的。"},
		Do: Text{"Restore key.pem, cert.pem and ca.pem from one copy, or enrol the box again.",
			"请从同一份备份恢复 key.pem、cert.pem 和 ca.pem，或重新注册设备。"}},
	{Code: StorageFull,
		Says: Text{"The storage is full; old records are being dropped.", "存储已满，正在丢弃旧记录。"},
		Do: Text{"Restore the connection to the district or free some space. Alarms work.",
			"请恢复与区域平台的连接或清理空间。报警正常。"}},
	{Code: StorageFailed,
		Says: Text{"The storage cannot be written.", "存储无法写入。"},
		Do: Text{"Replace the memory card. Alarms work, but records are lost at a power cut.",
			"请更换存储卡。报警正常，但断电会丢失记录。"}},
	{Code: StorageSlow,
		Says: Text{"The storage is very slow.", "存储写入过慢。"},
		Do:   Text{"Replace the memory card soon. Alarms work.", "请尽快更换存储卡。报警正常。"},
	},
	{Code: Restarted,
		Says: Text{"A part of the program failed and was started again.", "程序的一部分出错后已自动重启。"},
		Do: Text{"Nothing now. If it comes again, report it to the maker.",
			"暂不需处理。如再次出现，请向厂家报告。"}},
	{Code: SavedLost,
		Says: Text{"What the panel remembered could not be read.", "控制器保存的状态无法读取。"},
		Do: Text{"Disable again what must stay disabled, and look for alarms from before the restart.",
			"请重新屏蔽需要屏蔽的点位，并核查重启前的报警。"}},
	{Code: PlanRejected,
		Says: Text{"The site file has mistakes; the last good one is in use.",
			"站点配置文件有错误，正在使用上一份有效配置。"},
		Do: Text{"Run firepost check and correct the lines that it names.",
			"请运行 firepost check，并改正所列出的行。"}},
	{Code: PlanFallback,
		Says: Text{"The panel failed again and again and runs by its plainest plan: " +
			"every alarm sounds every sounder, nothing is disabled.",
			"控制器连续出错，正以最简方案运行：任何报警都启动全部警报器，屏蔽全部失效。"},
		Do: Text{"Send the file panel.panic to the maker. Then restart the service: it tries the " +
			"site's own plan again.",
			"请将 panel.panic 文件发给厂家，然后重启服务，系统会重新启用站点方案。"}},
	{Code: ClockUnsynced,
		Says: Text{"The clock is not set; times in records may be wrong.", "时钟未校准，记录时间可能有误。"},
		Do: Text{"Check that a time server can be reached. Alarms do not need the clock.",
			"请检查能否连接时间服务器。报警不依赖时钟。"},
		After: 10 * time.Minute},
	{Code: BusHung,
		Says: Text{"A sensor bus does not answer; all sensors on it are out.",
			"传感器总线无响应，其上所有传感器失效。"},
		Do: Text{"Unplug the sensors of this bus one by one until the others come back.",
			"请逐个拔下该总线上的传感器，直到其余恢复。"}},
	{Code: BusMissing,
		Says: Text{"A bus or line of the site file cannot be opened.", "配置中的总线或线路无法打开。"},
		Do: Text{"The detail of this fault says which one and why. Switch it on and check its " +
			"wiring, or correct the site file and run firepost check. Its points cannot see a danger.",
			"请看本故障的详情：其中写明是哪一个及原因。请启用它并检查接线，" +
				"或改正站点配置文件后运行 firepost check。其点位目前无法探测险情。"}},
	{Code: MainsLost,
		Says:  Text{"Mains power is lost; the box runs on its battery.", "主电断电，设备由电池供电。"},
		Do:    Text{"Check the fuse and the plug.", "请检查保险丝和插头。"},
		After: 10 * time.Second},
}

// Fault looks up a fault. A code that the catalogue does not know still has words: a fault is never
// hidden for want of a text.
func Fault(code detect.FaultCode) FaultKind {
	for i := range catalogue {
		if catalogue[i].Code == code {
			return catalogue[i]
		}
	}
	return FaultKind{
		Code: code,
		Says: Text{"Fault " + string(code) + ".", "故障 " + string(code) + "。"},
		Do:   Text{"Report this code to the maker.", "请将此代码报告厂家。"},
	}
}
