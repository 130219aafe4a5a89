// Package browser holds the tests of the page in a real browser, on the real program with a
// simulated board behind it. It is a module of its own and holds no product code.
package browser
