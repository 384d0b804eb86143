import test from "ava";
import fc from "fast-check";
import { html, visible } from "../../../src/server/pages/html.js";

test("what is put in is escaped, and what was made is not escaped again", (t) => {
	t.is(html`<p>${"<b>&\"'"}</p>`, "<p>&#60;b&#62;&#38;&#34;&#39;</p>");
	t.is(html`<p>!${html`<b>${1}</b>`}</p>`, "<p><b>1</b></p>");
	t.is(html`<p>!${["<a>", "<b>"]}</p>`, "<p><a><b></p>");
	t.is(html`<p>${null}${undefined}${0}</p>`, "<p>0</p>");
});

test("what cannot be seen is shown", (t) => {
	t.is(visible("a\u0000b\u001b[31mc\n\t"), "a␀b␛[31mc␊␉");
	t.is(visible("invoice\u202Efdp.exe"), "invoice⟨U+202E⟩fdp.exe");
	t.is(visible("\u007f\u009b\u2028\ufeff"), "⟨U+007F⟩⟨U+009B⟩⟨U+2028⟩⟨U+FEFF⟩");
	t.is(visible("naïve 🙂 日本語 عربي"), "naïve 🙂 日本語 عربي");
});

test("no text makes a tag, an attribute or a control character", (t) => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (text) => {
			const made = html`${text}`;
			t.notRegex(made, /[<>"'\p{Cc}\p{Bidi_Control}]/u);
		}),
	);
});
