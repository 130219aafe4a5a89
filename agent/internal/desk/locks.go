package desk

import (
	"sync"
	"time"
)

// After FreeTries wrong answers each further one must wait: FirstLock, and then twice as long each
// time, up to an hour.
const (
	FreeTries = 5
	FirstLock = 5 * time.Minute
	lastLock  = time.Hour
	// forgetAfter is how long wrong answers are held against somebody who gives none.
	forgetAfter = 24 * time.Hour
)

// Locks counts wrong answers by who gave them. It is bounded: of too many, the one who was wrong
// longest ago is forgotten. It forgets all with the process, which who can end it need not guess.
type Locks[K comparable] struct {
	most int
	mu   sync.Mutex
	all  map[K]*tries
}

type tries struct {
	wrong int
	last  time.Time // of the wrong answers
	until time.Time // no answer is looked at
}

// NewLocks returns the counts of at most so many.
func NewLocks[K comparable](most int) *Locks[K] {
	return &Locks[K]{most: most, all: map[K]*tries{}}
}

// Locked tells whether who has to wait.
func (l *Locks[K]) Locked(who K, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.all[who]
	return t != nil && now.Before(t.until)
}

// Wrong counts a wrong answer.
func (l *Locks[K]) Wrong(who K, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.all[who]
	if t == nil || now.Sub(t.last) >= forgetAfter {
		l.forgetOne()
		t = &tries{}
		l.all[who] = t
	}
	t.wrong, t.last = t.wrong+1, now
	if over := t.wrong - FreeTries; over >= 0 {
		t.until = now.Add(min(FirstLock<<min(over, 10), lastLock))
	}
}

// forgetOne makes room.
func (l *Locks[K]) forgetOne() {
	if len(l.all) < l.most {
		return
	}
	var oldest K
	var at *tries
	for k, t := range l.all {
		if at == nil || t.last.Before(at.last) {
			oldest, at = k, t
		}
	}
	delete(l.all, oldest)
}

// Right forgets the wrong answers.
func (l *Locks[K]) Right(who K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, who)
}
