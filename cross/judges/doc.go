// Package judges holds the enrolment of a box against programs that are not ours: the EST server
// and client of GlobalSign, openssl, and mosquitto with certificates. "make judges" runs it.
package judges
