package site

// chinese are the warnings and notes in Chinese, by their English. What they name is in the same
// order in both; words of the site file stay as they are written there.
var chinese = map[string]string{
	"its bus has a name that stays, and that of %s on line %d a number; both may mean one bus: " +
		"name all buses in the same way": "此总线用固定名称，而 %s（第 %d 行）用编号，二者可能是同一总线：" +
		"请统一命名方式",
	"nobody is told when its sensor is too old; write installed = \"YYYY-MM-DD\"": "传感器到期时" +
		"无人得知；请写 installed = \"YYYY-MM-DD\"",
	"may_alarm = true: this part cannot tell how much gas there is, so expect alarms without " +
		"cause; add a detector of class gas": "may_alarm = true：此部件测不准浓度，可能误报；" +
		"请增加 class 为 gas 的探测器",
	"mode = %q: the zone has no automatic detector of fire or gas that it could wait for; leave " +
		"mode out": "mode = %q：此分区没有可供等待的自动探测器；请去掉 mode",
	"mode = %q: the zone has one detector only, so what waits for two never acts on it; add " +
		"another one that is read from another part": "mode = %q：此分区只有一个探测器，" +
		"需两个确认的联动永不动作；请增加另一部件上的探测器",
	"signal = %q: of class %q, and no siren sounds for it; leave signal out, unless another point " +
		"watches the place": "signal = %q：类别为 %q，警号不会为它鸣响；除非另有点位监视此处，请去掉 signal",
	"record = true: a point of signal %s that never alarms; leave record out, unless another " +
		"point watches the place": "record = true：信号为 %s 的点位永不报警；除非另有点位监视此处，" +
		"请去掉 record",
	"it alarms at a fast rise only, and a slow %s never raises it; %s too": "它只在快速上升时报警，" +
		"缓慢的 %s 不会触发；还须：%s",
	"only a buzzer, beside the box, sounds for the first alarm of the point %s; widen zones, " +
		"signals and level of a sounder, or its [[effect]]": "点位 %s 首次报警时只有设备旁的蜂鸣器响；" +
		"请放宽警号的 zones、signals、level 或其 [[effect]]",
	"there is no buzzer, so nobody hears a fault of the system; write an [[output]] with " +
		"kind = \"buzzer\"": "没有蜂鸣器，系统故障无人听见；请增加 kind = \"buzzer\" 的 [[output]]",
	"replace = true: the first alarm of the point %s alone closes no valve; leave replace out, " +
		"unless that is meant": "replace = true：点位 %s 单独报警时不关阀；若非有意，请去掉 replace",
	"it sounds where there may be gas and is not Ex; hang it elsewhere, or write ex = true if it " +
		"is": "它装在可能有燃气处且不防爆；请换位置，若防爆请写 ex = true",
	"nobody can read the page from the network: name operators, who log in, or write " +
		"read = \"open\"": "网络上无人能看到页面：请添加可登录的人员，或写 read = \"open\"",
	"no point can raise an alarm of fire, gas, CO, flood or evacuation": "没有任何点位能报火警、" +
		"燃气、一氧化碳、水淹或疏散",
	"there is no output, so an alarm is silent; write an [[output]] with kind = \"sounder\"": "没有" +
		"输出，报警无声；请增加 kind = \"sounder\" 的 [[output]]",
	"nothing sounds for the point %s; write an [[output]] with kind = \"sounder\" that has the " +
		"zone and signal": "点位 %s 报警时无任何声响；请增加 kind = \"sounder\" 且含其分区和信号的 [[output]]",
	"there is no siren: a buzzer is heard beside the box only; write an [[output]] with " +
		"kind = \"sounder\"": "没有警号：蜂鸣器只在设备旁听得见；请增加 kind = \"sounder\" 的 [[output]]",
	"no output does anything for the point %s; write an [[effect]], or widen the zones and " +
		"signals of an [[output]]": "点位 %s 报警时无任何输出动作；请增加 [[effect]]，或放宽 [[output]] " +
		"的 zones 和 signals",
	"drive = \"steady\": %s sound alike, and people do not know whether to shut a valve or to run; " +
		"write drive = \"pattern\" if it can be switched four times a second": "drive = \"steady\"：" +
		"%s 声音相同，人们分不清该关阀还是撤离；若每秒可通断四次，请写 drive = \"pattern\"",
	"no fire ever moves it: it waits for two detectors of one zone or, if it is a valve, a call " +
		"point, and no zone has them; add a detector, or leave fire out of its signals": "火警永不使它" +
		"动作：它须等同一分区两个探测器（阀门也可为手报），而没有这样的分区；请增加探测器，" +
		"或从其 signals 中去掉 fire",
	"latch = false: a %s alarm that ends by itself leaves no trace on the panel; write " +
		"latch = true unless that is meant": "latch = false：%s 报警自行消失后不留痕迹；若非有意，请写 " +
		"latch = true",
	"sensor %q is read only every %s; write period = %q or less": "传感器 %q 每 %s 才读一次；请写 " +
		"period = %q 或更短",
	"sensor %q is read so rarely that its burn-in never ends, and until then it only warns; write " +
		"period = %q or less": "传感器 %q 读取太少，预热期永不结束，期间只作预报警；请写 period = %q 或更短",
	"unsupervised: a cut line looks like all is well at %s; put a resistor at its end and read it " +
		"with model %q, or use a contact that opens, with pull = \"up\" and abnormal = \"high\"": "线路" +
		"无监视：断线时 %s 看似正常；请在线路末端加电阻并用 model %q 读取，或用常闭触点并写 " +
		"pull = \"up\"、abnormal = \"high\"",
	"no point uses it, so nobody hears of it; write a [[point]] with from = %q": "没有点位使用它，" +
		"无人得知其读数；请增加 from = %q 的 [[point]]",
}
