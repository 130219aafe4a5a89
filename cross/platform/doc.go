// Package platform holds configurations of brokers for a district, and the tests that start these
// brokers with them and hold them against the contract. See README.md.
package platform
