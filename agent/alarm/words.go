package alarm

// kindTexts say of an event what happened, for a list in which time and place stand beside it.
var kindTexts = [kinds]Text{
	Started:           {"panel started", "系统启动"},
	Raised:            {"alarm", "报警"},
	Cleared:           {"cause gone", "报警条件消失"},
	Acknowledged:      {"acknowledged", "已确认"},
	Silenced:          {"silenced", "已消音"},
	Resounded:         {"sounds again", "重新鸣响"},
	ResetDone:         {"reset", "已复位"},
	FaultRaised:       {"fault", "故障"},
	FaultEnded:        {"fault gone", "故障消失"},
	Disabled:          {"disabled", "已屏蔽"},
	Enabled:           {"enabled", "已解除屏蔽"},
	OutputChanged:     {"output changed", "输出变化"},
	Refused:           {"refused", "已拒绝"},
	PlanChanged:       {"new site file", "配置已更换"},
	Operated:          {"operated", "操作输出"},
	Confirmed:         {"confirmed", "动作已反馈"},
	Retried:           {"told again", "再次发令"},
	Unverified:        {"not verified", "未获复核"},
	Chattering:        {"comes and goes", "频繁抖动"},
	StandingLong:      {"stands for a day", "持续一天未消除"},
	Reraised:          {"alarm again", "再次报警"},
	TestStarted:       {"walk test began", "逐点测试开始"},
	Tested:            {"point tried", "点位已测"},
	TestSkipped:       {"point skipped", "点位未测"},
	TestReceived:      {"district had it", "平台已收到"},
	TestEnded:         {"walk test over", "逐点测试结束"},
	DrillStarted:      {"drill began", "演练开始"},
	DrillEnded:        {"drill over", "演练结束"},
	DutyAsked:         {"duty check", "查岗"},
	DutyAnswered:      {"duty check answered", "查岗已应答"},
	DutyMissed:        {"duty check missed", "查岗未应答"},
	WarningReceived:   {"warning", "收到预警"},
	WarningSounded:    {"warning heard", "预警已播报"},
	WarningAnswered:   {"warning answered", "预警已应答"},
	WarningUnanswered: {"warning missed", "预警未应答"},
	WarningExpired:    {"warning over", "预警已失效"},
	IncidentOpened:    {"incident", "警情"},
	IncidentAccepted:  {"incident accepted", "已接警"},
	IncidentArrived:   {"arrived", "已到场"},
	IncidentJudged:    {"verdict", "已核实"},
	IncidentOverdue:   {"incident overdue", "处置超时"},
	IncidentClosed:    {"incident closed", "警情结束"},
	ItemDone:          {"item checked", "已检查"},
	ItemOverdue:       {"check overdue", "检查逾期"},
	HazardOpened:      {"hazard recorded", "隐患已登记"},
	HazardClosed:      {"hazard put right", "隐患已整改"},
	HazardOverdue:     {"hazard overdue", "隐患逾期"},
	ShiftBegun:        {"on shift", "已上岗"},
	ShiftEnded:        {"off shift", "已离岗"},
	ShiftShort:        {"too few on shift", "在岗人数不足"},
	ShiftFull:         {"enough on shift", "在岗人数已足"},
	AccessRaised:      {"access raised", "操作权限已开"},
	AccessEnded:       {"access ended", "操作权限已收"},
	SiteFile:          {"pushed site file", "下发的现场配置"},
	SelfTested:        {"self-tested", "已自检"},
	ClassChanged:      {"class changed", "等级变化"},
}

// Text says what happened, in a word or two.
func (k Kind) Text() Text {
	if k < kinds && kindTexts[k].En != "" {
		return kindTexts[k]
	}
	return Text{k.String(), k.String()}
}

// refusals say why a command was not obeyed, and what would have been right.
var refusals = [...]struct {
	reason string
	Text
}{
	{RefusedExpired, Text{"it came too late", "指令已过期"}},
	{RefusedNotPermitted, Text{"not from there, or not at that level", "此处无权操作或权限不足"}},
	{RefusedUnsupported, Text{"the panel knows no such act", "系统不支持此操作"}},
	{RefusedUnknownPoint, Text{"the site has no such point", "没有这个点位"}},
	{RefusedNoReason, Text{"a reason is needed, of at most 256 bytes", "须写明原因，最多256字节"}},
	{RefusedDuration, Text{"at most 8h an order and 24h together, and 1h of a drill, a walk test or " +
		"an output; a hazard 1 to 366 days; what closes does not open by itself",
		"每次最长8小时，累计最长24小时；演练、逐点测试和输出最长1小时；隐患1至366天；" +
			"阀门和挡板不会自动打开"}},
	{RefusedNothing, Text{"there is nothing to do", "无需操作"}},
	{RefusedRepeated, Text{"it was obeyed before", "指令已执行过"}},
	{RefusedUnknownOutput, Text{"the site has no such output", "没有这个输出"}},
	{RefusedDriven, Text{"an alarm drives it; it goes off after a reset",
		"报警正在驱动此输出，复位后才会停止"}},
	{RefusedInterlock, Text{"gas: its spark could light it, so nothing may switch there",
		"有燃气，开关动作可能引燃，禁止操作"}},
	{RefusedUnknownZone, Text{"the site has no such zone", "没有这个分区"}},
	{RefusedAlarm, Text{"people are in danger; reset the alarms before a test or a drill",
		"存在报警，须先复位再测试或演练"}},
	{RefusedBusy, Text{"a drill, a walk test or too many calls are open; end them first",
		"演练、测试或呼叫尚未结束，请先结束"}},
	{RefusedScenario, Text{"a drill needs 1 to 32 different points that are in service and quiet",
		"演练须选1至32个未屏蔽且未报警的点位"}},
	{RefusedOperator, Text{"the site file names no operator of that number and level",
		"配置中没有该编号和权限的人员"}},
	{RefusedNoOperator, Text{"it needs the number of an operator", "须注明人员编号"}},
	{RefusedUnnamed, Text{"the site file names no operators, and without them alarms are no " +
		"incidents; make one with firepost operator add", "配置中没有人员，报警不会形成警情；" +
		"请用 firepost operator add 添加人员"}},
	{RefusedPIN, Text{"the PIN is wrong", "密码错误"}},
	{RefusedUnknown, Text{"there is no such thing", "没有这个编号"}},
	{RefusedMalformed, Text{"something is missing, too long, or not on one line",
		"内容缺失、过长或不在一行内"}},
	{RefusedTooEarly, Text{"too early from afar: silence 3 min, drill or test 1 h after the last",
		"远程操作过早：报警3分钟后可消音，演练或测试须隔1小时"}},
	{RefusedFar, Text{"it is done at the box: by its buttons, the page on the box itself, or " +
		"firepost on it", "此操作只能在设备现场进行：使用设备按钮、设备本机页面或本机 firepost 命令"}},
}

// RefusalText says in words why a command was not obeyed. A reason that has no words is shown as it
// is.
func RefusalText(reason string) Text {
	for i := range refusals {
		if refusals[i].reason == reason {
			return refusals[i].Text
		}
	}
	return Text{reason, reason}
}

// patternTexts name what an output plays.
var patternTexts = [patterns]Text{
	Off: {"off", "停"}, Steady: {"without a pause", "连续音"}, Temporal3: {"fire tone", "火警音"},
	Temporal4: {"CO tone", "一氧化碳音"}, GasTone: {"gas tone", "燃气音"},
	FloodTone: {"flood tone", "水淹音"}, Alert: {"alert tone", "警戒音"},
	Flash: {"flash", "闪光"}, Chirp: {"chirp", "短鸣"}, Chirp30: {"chirp every 30 s", "每30秒短鸣"},
	DutyTone: {"duty tone", "查岗音"}, CallTone: {"call tone", "叫应音"},
	DrillTone: {"drill tone", "演练音"}, HandTone: {"hand tone", "手动音"},
	TestTone: {"test tone", "自检音"},
}

// Text names the pattern for people.
func (p Pattern) Text() Text {
	if p < patterns {
		return patternTexts[p]
	}
	return Text{p.String(), p.String()}
}
