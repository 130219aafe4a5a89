package detect

// Memory is what a rule keeps over a restart beside its finding. The zero value is nothing. It is
// comparable.
type Memory struct {
	Dose     int64 // of CO, in millionths of the dose that alarms
	Drifted  bool  // Baseline is known
	Zero     int64 // of Drift; with another one the detector was cleaned, and starts anew
	Baseline int64 // of Drift, from its zero, in thousandths of the quantity's unit
}

// Rememberer is a Rule with a Memory.
type Rememberer interface {
	Memory() Memory
	// Remember is called before the first Step with what an earlier run kept. Nonsense is cut to
	// what can be.
	Remember(Memory)
}
