// Package tidy holds the house in shape: its tests read the tree and fail when a rule of style or
// of architecture is broken. It has no code of its own.
package tidy
