// The page of the person on duty, while it is open: it shows what the box tells, hands orders on,
// sounds in an alarm, and says loudly when the box tells nothing any more. The box writes all the
// markup; without this script the page can still be read.
"use strict";
(() => {
	const $ = (s, of = document) => of.querySelector(s);
	const root = document.documentElement;
	const zh = root.lang.startsWith("zh");
	const say = (en, cn) => (zh ? cn : en);
	root.classList.add("js");

	// --- What is shown -----------------------------------------------------------------------------

	// become changes an element into another one and keeps what has not changed, so that focus, what
	// somebody types and what a reader of the screen is at stay as they are.
	function become(old, next) {
		if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) {
			old.replaceWith(next);
			return;
		}
		if (old.nodeType !== 1) {
			if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
			return;
		}
		for (const a of [...old.attributes]) {
			if (!next.hasAttribute(a.name) && a.name !== "open" && !(a.name === "class" && old.matches("section")))
				old.removeAttribute(a.name);
		}
		for (const a of next.attributes) {
			if (old.getAttribute(a.name) !== a.value && !(a.name === "d" && old.dataset.spark)
				&& !(a.name === "value" && old.matches("input:not([type=hidden])"))) old.setAttribute(a.name, a.value);
		}
		const keyed = new Map();
		for (const c of old.children) if (c.dataset.key) keyed.set(c.dataset.key, c);
		let at = old.firstChild;
		for (const n of [...next.childNodes]) {
			const same = n.nodeType === 1 && n.dataset.key ? keyed.get(n.dataset.key) : undefined;
			if (same) {
				if (same === at) at = at.nextSibling;
				else old.insertBefore(same, at);
				become(same, n);
			} else if (at && !(at.nodeType === 1 && at.dataset.key) && at.nodeName === n.nodeName
				&& !(n.nodeType === 1 && n.dataset.key)) {
				const here = at;
				at = at.nextSibling;
				become(here, n);
			} else {
				old.insertBefore(n, at);
			}
		}
		while (at) {
			const gone = at;
			at = at.nextSibling;
			gone.remove();
		}
	}

	function show(sections) {
		for (const [id, html] of Object.entries(sections)) {
			const box = document.createElement("template");
			box.innerHTML = html;
			become(document.getElementById(id), box.content.firstElementChild);
		}
		sift();
	}

	const parts = [...document.querySelectorAll("main > section")].map((s) => s.id);
	const shown = () => (parts.includes(location.hash.slice(1)) ? location.hash.slice(1) : "duty");

	function turn() {
		const view = shown();
		root.dataset.view = view;
		for (const id of parts) document.getElementById(id).classList.toggle("shown", id === view);
		for (const a of document.querySelectorAll("#views a")) {
			if (a.hash === "#" + view) {
				a.setAttribute("aria-current", "page");
				a.scrollIntoView({ block: "nearest", inline: "nearest" });
			} else a.removeAttribute("aria-current");
		}
		scrollTo(0, 0);
		listen();
	}

	// --- The line to the box -----------------------------------------------------------------------

	const patience = 8000; // the box speaks every second
	let source, heard = 0, again;

	function listen() {
		clearTimeout(again);
		if (source) source.close();
		source = new EventSource("live?view=" + shown() + "&lang=" + (zh ? "zh" : "en"));
		source.onmessage = (e) => {
			const told = JSON.parse(e.data);
			if (told.build !== document.body.dataset.build) { // another program: its page is another
				location.reload();
				return;
			}
			heard = Date.now();
			document.title = told.title;
			show(told.sections);
			announce();
			lost(false);
			sound(told.sound);
		};
		source.onerror = () => { // it may be refused for good: begin anew
			source.close();
			clearTimeout(again);
			again = setTimeout(listen, 2000);
			fetch("page.js", { method: "HEAD" }).then((r) => {
				if (r.status === 401) location.reload(); // who reads has to log in again
			}, () => {});
		};
	}

	// announce tells who cannot see the screen what is new in the head, once.
	function announce() {
		const text = [...document.querySelectorAll("#state h1 > span:first-child, #state .place, #state .do")]
			.map((e) => e.textContent).join(". ");
		if ($("#announce").textContent !== text) $("#announce").textContent = text;
	}

	const since = Date.now();
	function lost(is) {
		if (is === root.classList.contains("lost")) return;
		root.classList.toggle("lost", is);
		const box = $("#lost");
		box.hidden = !is;
		if (!is) {
			whoami();
			return;
		}
		const at = new Date(heard || since).toLocaleTimeString(zh ? "zh-CN" : "en-GB");
		$("span", box).textContent = say(`Last heard ${at}. Look at the box itself.`, `最后更新 ${at}，请到设备前查看。`);
		document.title = say("⚠ NO CONNECTION", "⚠ 连接中断");
		sound("fault");
	}
	setInterval(() => lost(Date.now() - (heard || since) > patience), 1000);

	// --- Acting ------------------------------------------------------------------------------------

	let session = null, waiting = null;
	const login = $("#login"), answer = $("#answer");

	function told(text, good) {
		answer.className = good ? "" : "no";
		answer.textContent = text;
		clearTimeout(told.timer);
		told.timer = setTimeout(() => { answer.textContent = ""; }, good ? 6000 : 20000);
	}

	function entered(who) {
		session = who && who.token ? who : null;
		if (!login) return;
		const name = $("#who");
		name.textContent = session ? `${name.dataset.as}: ${session.name || ""} (${session.operator})` : "";
		$("#logout").hidden = !session;
		$("#enter").hidden = Boolean(session);
	}

	async function whoami() {
		if (!login) return;
		try {
			const r = await fetch("session.json");
			entered(r.ok ? await r.json() : null);
		} catch { /* the line is down, and says so itself */ }
	}

	async function orderOf(form) {
		const o = { action: form.dataset.action };
		for (const f of form.elements) {
			if (f.dataset && f.dataset.hash && f.files.length) {
				const sum = await crypto.subtle.digest("SHA-256", await f.files[0].arrayBuffer());
				form.elements[f.dataset.hash].value =
					[...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
			}
		}
		for (const f of form.elements) {
			if (!f.name) continue;
			if (f.type === "checkbox") o[f.name] = f.checked;
			else if (f.type === "number") o[f.name] = Number(f.value);
			else if (f.name === "on") o.on = true;
			else if (f.value !== "") o[f.name] = f.value;
		}
		return o;
	}

	async function give(form) {
		if (!session) {
			waiting = form;
			enter();
			return;
		}
		const button = $("button:not([type])", form);
		button.disabled = true;
		try {
			const r = await fetch("command", {
				method: "POST",
				headers: { "Content-Type": "application/json", "X-Firepost-Token": session.token },
				body: JSON.stringify(await orderOf(form)),
			});
			const body = await r.text();
			if (r.status === 401 || r.status === 403) {
				entered(null);
				waiting = form;
				enter();
			} else if (r.status === 200 || r.status === 409) {
				const a = JSON.parse(body);
				told((a.done ? "✓ " : "✗ ") + (zh ? a.zh : a.en), a.done);
				if (a.done) form.reset();
			} else told("✗ " + body, false);
		} catch {
			told(say("✗ The box has not answered. Nothing may have happened: use its buttons.",
				"✗ 设备无应答，操作可能未执行，请使用设备按钮。"), false);
		} finally {
			button.disabled = false;
		}
	}

	function enter() {
		$(".wrong", login).textContent = "";
		login.showModal();
		$("input", login).focus();
	}

	if (login) {
		login.addEventListener("close", () => {
			$("form", login).reset();
			if (!session) waiting = null;
		});
		$("form", login).addEventListener("submit", async (e) => {
			e.preventDefault();
			const button = $("button:not([type])", login);
			button.disabled = true;
			try {
				const r = await fetch("login", {
					method: "POST", headers: { Accept: "application/json" },
					body: new URLSearchParams(new FormData(e.target)),
				});
				const body = await r.json();
				if (r.ok) {
					const then = waiting;
					waiting = null;
					entered(body);
					login.close();
					if (then && then.isConnected) give(then);
				} else {
					$(".wrong", login).textContent = zh ? body.zh : body.en;
					$("[name=pin]", login).value = "";
					$("[name=pin]", login).focus();
				}
			} catch {
				$(".wrong", login).textContent = say("The box has not answered.", "设备无应答。");
			} finally {
				button.disabled = false;
			}
		});
		$("#enter").addEventListener("click", enter);
		$("#logout").addEventListener("click", async () => {
			await fetch("logout", { method: "POST", headers: { "X-Firepost-Token": session.token } }).catch(() => {});
			entered(null);
			whoami();
		});
	}

	document.addEventListener("submit", (e) => {
		if (e.target.id === "filter") e.preventDefault();
		if (!e.target.matches("form.order")) return;
		e.preventDefault();
		const what = $("button:not([type])", e.target);
		const text = what.getAttribute("aria-label") || what.textContent;
		if (e.target.matches(".ask") && !confirm(text + "?")) return;
		give(e.target);
	});

	document.addEventListener("click", (e) => {
		if (e.target === answer) answer.textContent = "";
		if (e.target.matches("dialog .close")) e.target.closest("dialog").close();
		if (e.target.matches("button.chart")) plot(e.target.dataset.point);
	});

	// --- Events ------------------------------------------------------------------------------------

	function sift() {
		const f = $("#filter");
		if (!f) return;
		const kind = f.elements.kind.value, text = f.elements.text.value.toLowerCase();
		for (const row of document.querySelectorAll(".log tr")) {
			row.hidden = Boolean(kind && row.dataset.kind !== kind)
				|| Boolean(text && !row.textContent.toLowerCase().includes(text));
		}
	}
	document.addEventListener("input", (e) => { if (e.target.closest("#filter")) sift(); });

	// --- Sound -------------------------------------------------------------------------------------

	// Pulses in seconds: how long each sounds and rests, and at which pitch.
	const tones = {
		fire: [[0.5, 0.5, 880], [0.5, 0.5, 880], [0.5, 1.5, 880]],
		alarm: [[0.25, 0.25, 740]],
		call: [[0.4, 0.1, 660], [0.4, 1.6, 520]],
		fault: [[0.2, 14.8, 440]],
	};
	const button = $("#sound");
	let player = null, playing = "", next = 0, pulse = 0;

	function sound(kind) {
		if (kind === playing) return;
		playing = kind;
		pulse = 0;
		next = 0;
	}

	setInterval(() => {
		const on = player !== null && player.state === "running";
		if (button.getAttribute("aria-pressed") !== String(on)) {
			button.setAttribute("aria-pressed", String(on));
			button.textContent = on ? button.dataset.on : button.dataset.off;
		}
		if (!on || !tones[playing] || player.currentTime < next) return;
		const [long, rest, pitch] = tones[playing][pulse % tones[playing].length];
		const o = player.createOscillator(), g = player.createGain();
		o.type = "square";
		o.frequency.value = pitch;
		g.gain.value = 0.2;
		o.connect(g).connect(player.destination);
		o.start();
		o.stop(player.currentTime + long);
		next = player.currentTime + long + rest;
		pulse++;
	}, 50);
	button.textContent = button.dataset.off;
	button.addEventListener("click", () => {
		if (player && player.state === "running") player.suspend();
		else {
			player = player || new AudioContext();
			player.resume();
		}
	});

	// --- Courses -----------------------------------------------------------------------------------

	const chart = $("#chart");
	let drawn = null;

	function load(src) {
		return load[src] || (load[src] = new Promise((done, failed) => {
			const css = src.endsWith(".css");
			const e = Object.assign(document.createElement(css ? "link" : "script"),
				css ? { rel: "stylesheet", href: src } : { src });
			e.onload = done;
			e.onerror = () => { delete load[src]; failed(new Error(src)); };
			document.head.append(e);
		}));
	}

	async function plot(point) {
		try {
			await Promise.all([load("uplot.css"), load("uplot.js"), load("course.js")]);
			const r = await fetch("history.json/" + encodeURIComponent(point));
			if (!r.ok) throw new Error(await r.text());
			drawn = await r.json();
			$("#chart-h").textContent = drawn.name;
			chart.showModal();
			draw();
		} catch (e) {
			told("✗ " + e.message, false);
		}
	}

	function draw() {
		drawCourses($(".plots", chart), drawn, $("#raw").checked, say);
	}
	$("#raw").addEventListener("change", draw);

	setInterval(async () => { // the small pictures change by the minute
		if (shown() !== "points" || root.classList.contains("lost")) return;
		const r = await fetch("sparks.json").catch(() => null);
		if (!r || !r.ok) return;
		for (const [name, d] of Object.entries(await r.json())) {
			const path = $(`[data-spark="${CSS.escape(name)}"]`);
			if (path) path.setAttribute("d", d);
		}
	}, 60000);

	history.scrollRestoration = "manual"; // a page begins with the state of the site
	addEventListener("hashchange", turn);
	turn();
	whoami();
})();
