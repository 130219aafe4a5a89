package site

// Words lists the words that only this package knows: the classes and the keys of limits.
func Words() []string {
	words := classNames()
	for _, k := range limitKeys {
		words = append(words, k.key)
	}
	return append(words, delayKeys...)
}
