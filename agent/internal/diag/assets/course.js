// The courses of a point: its values over the last hours, with its limits and its alarms. The page
// loads it when somebody asks for one.
"use strict";

// drawCourses fills box with a picture for each channel of drawn, which is what history.json tells.
function drawCourses(box, drawn, raw, say) {
	// moment is a place on the axis of time: a time of day, or how many minutes ago.
	const moment = (v) => (drawn.now ? new Date(v * 1000).toLocaleTimeString("en-GB") : Math.round(v) + " min");

	function picture(c) {
		const style = getComputedStyle(document.documentElement), color = (n) => style.getPropertyValue(n).trim();
		const x = c.age_seconds.map((age) => (drawn.now ? drawn.now - age : -age / 60));
		const data = [x, c.low, c.high], ink = color("--ink"), line = color("--line");
		const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
		const series = [{ label: say("time", "时间"), value: (u, v) => (v === null ? "--" : moment(v)) },
			{ label: say("lowest", "最低"), stroke: color("--link"), width: 1.5, spanGaps: false },
			{ label: say("highest", "最高"), stroke: color("--link"), width: 1.5, spanGaps: false }];
		if (raw) {
			data.push(c.raw);
			series.push({ label: say("before calibration", "校准前"), stroke: color("--soft"), dash: [4, 4], spanGaps: false });
		}
		const limits = c.limits.map((l) => l.value);
		const holder = document.createElement("div");
		const title = document.createElement("h3");
		title.textContent = c.quantity + (c.unit ? " · " + c.unit : "");
		holder.append(title);
		new uPlot({
			width: Math.max(box.clientWidth, 260), height: 240, series, bands: [{ series: [2, 1], fill: color("--link") + "33" }],
			scales: {
				x: { time: Boolean(drawn.now) },
				y: { range: (u, low, high) => {
					const all = [low, high, ...limits].filter((v) => v !== null && Number.isFinite(v));
					if (!all.length) return [0, 1];
					const [a, b] = [Math.min(...all), Math.max(...all)], pad = (b - a || 1) * 0.08;
					return [a - pad, b + pad];
				} },
			},
			axes: [{ ...axis, space: 85, values: (u, all) => all.map(moment) }, axis],
			hooks: { draw: [(u) => marks(u, c, color)] },
		}, data, holder);
		return holder;
	}

	// marks draws the limits, and when there was an alarm.
	function marks(u, c, color) {
		const g = u.ctx, { left, top, width, height } = u.bbox;
		g.save();
		g.beginPath();
		g.rect(left, top, width, height);
		g.clip();
		g.font = 12 * devicePixelRatio + "px sans-serif";
		g.textAlign = "left";
		g.textBaseline = "alphabetic";
		g.lineWidth = 1.5 * devicePixelRatio;
		for (const l of c.limits) {
			const y = u.valToPos(l.value, "y", true);
			g.strokeStyle = color(l.level === "prealarm" ? "--orange" : "--red");
			g.fillStyle = color("--ink"); // words are to be read in the dark, too
			g.setLineDash([8, 5]);
			g.beginPath();
			g.moveTo(left, y);
			g.lineTo(left + width, y);
			g.stroke();
			g.textAlign = "right";
			g.fillText(`${say("limit", "限值")} ${l.text}`, left + width - 6, y - 5);
		}
		g.setLineDash([]);
		g.textAlign = "left";
		for (const a of drawn.alarms) {
			const at = (age) => u.valToPos(drawn.now ? drawn.now - age : -age / 60, "x", true);
			const from = at(a.age_seconds), to = at(a.ended_seconds || 0);
			g.fillStyle = color("--red") + "26";
			g.fillRect(from, top, to - from, height);
			g.strokeStyle = color("--red");
			g.fillStyle = color("--ink");
			g.beginPath();
			g.moveTo(from, top);
			g.lineTo(from, top + height);
			g.stroke();
			g.fillText(say("alarm", "报警"), from + 5, top + 14 * devicePixelRatio);
		}
		g.restore();
	}

	box.replaceChildren();
	for (const c of drawn.channels) box.append(picture(c));
}
