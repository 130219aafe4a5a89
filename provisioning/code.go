package provisioning

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// A claim code is a word of a Reed-Solomon code: fourteen letters drawn by chance, 70 bits, and two
// that check them, all of GF(32). A slip of one letter is not only seen, it is known where it is;
// two slips are always seen. Its letters are those of Crockford's base 32, which has no I, L, O, U.
const (
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLetter = 16
	codeDrawn  = 14
	codeGroup  = 4
	field      = 0b100101 // x⁵ + x² + 1
	order      = 31       // of the multiplicative group
)

// powers returns α to the 0 … 30, and for each of these its exponent.
func powers() (exp, log [order + 1]int) {
	x := 1
	for i := range order {
		exp[i], log[x] = x, i
		if x <<= 1; x > order {
			x ^= field
		}
	}
	return exp, log
}

// syndromes are the sum of the letters and their sum weighted with α to the place; both are zero
// for a word of the code.
func syndromes(word []int) (sum, weighted int) {
	exp, log := powers()
	for i, c := range word {
		if c != 0 {
			sum, weighted = sum^c, weighted^exp[(log[c]+i)%order]
		}
	}
	return sum, weighted
}

// NewCode draws a claim code.
func NewCode() string {
	raw := make([]byte, codeDrawn)
	rand.Read(raw) //nolint:errcheck // it never fails
	word := make([]int, codeLetter)
	for i, b := range raw {
		word[i] = int(b) & order
	}
	// a + b is the sum; aα¹⁴ + bα¹⁵ the weighted one.
	exp, log := powers()
	sum, weighted := syndromes(word)
	if sum != 0 {
		weighted ^= exp[(log[sum]+codeDrawn+1)%order]
	}
	if weighted != 0 {
		both := exp[codeDrawn] ^ exp[codeDrawn+1]
		word[codeDrawn] = exp[(log[weighted]-log[both]+order)%order]
	}
	word[codeDrawn+1] = sum ^ word[codeDrawn]
	return spell(word)
}

func spell(word []int) string {
	var b strings.Builder
	for i, c := range word {
		if i > 0 && i%codeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[c])
	}
	return b.String()
}

// checkCode returns a typed code as it is written on the claim. It fails with E101.
func checkCode(typed string) (string, error) {
	var word []int
	clean := strings.NewReplacer("-", "", " ", "", "I", "1", "L", "1", "O", "0").
		Replace(strings.ToUpper(strings.TrimSpace(typed)))
	for i, r := range clean {
		c := strings.IndexRune(alphabet, r)
		if c < 0 && i < codeLetter {
			return "", errTyping(typed, i)
		}
		word = append(word, c)
	}
	if len(word) != codeLetter {
		return "", errLength(typed, len(word))
	}
	sum, weighted := syndromes(word)
	if sum == 0 && weighted == 0 {
		return spell(word), nil
	}
	place := codeLetter
	if sum != 0 && weighted != 0 {
		_, log := powers()
		place = (log[weighted] - log[sum] + order) % order
	}
	return "", errTyping(typed, place)
}

// errTyping is a slip at that letter; from codeLetter on, where it is cannot be told.
func errTyping(typed string, place int) error {
	f := fail("E101", nil, "Claim code %q has a typing error (check character).",
		"注册码 %q 输入有误（校验不符）。", typed)
	group := place/codeGroup + 1
	if place < codeLetter {
		f.En += fmt.Sprintf(" Look at group %d.", group)
		f.Zh += fmt.Sprintf("请检查第 %d 组。", group)
	} else {
		f.En += " More than one letter is wrong; type it anew."
		f.Zh += "不止一处有误，请重新输入。"
	}
	return f
}

func errLength(typed string, n int) error {
	return fail("E101", nil, "Claim code %q has %d letters; it needs 16, in four groups.",
		"注册码 %q 有 %d 位，应为 16 位，共四组。", typed, n)
}
