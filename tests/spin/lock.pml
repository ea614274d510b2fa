/*
 * adeos/proto/lock.c: CPUs that take a lock, give up, die at any step and are born
 * again, and the root, which recovers it.  A step is one access to the lock.
 *
 *	-DN=		CPUs
 *	-DDEATHS=	how many of them die, all told
 *	-DGIVE_UP	the last one gives up when it likes
 *	-DIMPATIENT	the last one takes offers from who is slow
 *	-DPASSES=	how often CPU 0 may be passed while it waits
 *
 * Claims: there are never two inside; no death inside goes unnoticed; CPU 0 is
 * passed PASSES times at most; it does not wait for ever (LTL, weak fairness).
 */
#ifndef N
#define N 3
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef PASSES
#define PASSES 255
#endif

#define OFFERED		16		/* an owner word: 0, s + 1, s + 1 + OFFERED; */
#define DIED		32		/* DIED without an owner only */
#define FREE(w)		(((w) & ~DIED) == 0)
#define TURN(w)		(((w) & 15) - 1)

/* Does i wait, and come before s, from t on? lock_ahead() */
#define BEFORE(i, t, s)	(waiting[i] && (i + N - (t)) % N < (s + N - (t)) % N)
#if N > 3
#define AHEAD(t, s)	(BEFORE(0, t, s) || BEFORE(1, t, s) || BEFORE(2, t, s) || BEFORE(3, t, s))
#elif N > 2
#define AHEAD(t, s)	(BEFORE(0, t, s) || BEFORE(1, t, s) || BEFORE(2, t, s))
#else
#define AHEAD(t, s)	(BEFORE(0, t, s) || BEFORE(1, t, s))
#endif
#define IS_MINE(s)	(FREE(owner) || (owner & OFFERED && !AHEAD(TURN(owner), s)))

mtype = { ENTER, REGISTER, LOOK, JUDGE, TAKE, LEAVE, INSIDE, CHECK, CHOOSE, RELEASE, REST, DEAD };

byte owner;
bool waiting[N];
mtype at[N] = ENTER;

byte inside;				/* how many own it, by their own account */
bool owns[N];
bool half;				/* what it protects is half changed */
bool waits;				/* CPU 0, since it has set its bit */
byte passed;
byte deaths, are_dead;

/* The first slot after s that waits, or none */
inline choose(s, n)
{
	k = 1;
	n = 0;
	do
	:: k <= N && !waiting[(s + k) % N] -> k++
	:: k <= N && waiting[(s + k) % N] -> n = (s + k) % N + 1 + OFFERED; break
	:: k > N -> break
	od;
	k = 0
}

/* A part of the step that made it the owner */
inline own(told)
{
	inside++;
	owns[me] = true;
	assert(inside == 1);
	assert(!half || told);
	half = true;
	if
	:: me == 0 -> waits = false; passed = 0
	:: me != 0 && waits && PASSES < 255 -> passed++; assert(passed <= PASSES)
	:: else
	fi
}

inline forget()
{
	word = 0;
	next = 0;
	won = false
}

proctype cpu(byte me)
{
	byte word, next, k;
	bool won;

	do
	/* A CPU need not come back. */
	:: d_step { at[me] == ENTER && me != 0 -> at[me] = REST }
	/* adeos_lock_try() */
	:: d_step { at[me] == ENTER ->
		forget();
		if
		:: owner == 0 -> owner = me + 1; own(false); at[me] = INSIDE
		:: else -> at[me] = REGISTER
		fi }
	/* adeos_lock_wait() */
	:: d_step { at[me] == REGISTER ->
		waiting[me] = true;
		if
		:: me == 0 -> waits = true
		:: else
		fi;
		at[me] = LOOK }
	/* A look at an owner, or at an offer to another slot that waits, means to wait. */
	:: d_step { at[me] == LOOK && IS_MINE(me) ->
		word = owner;
		at[me] = (FREE(word) || TURN(word) == me -> TAKE : JUDGE) }
	:: d_step { at[me] == LOOK && !waiting[me] -> at[me] = REGISTER }
	:: d_step { at[me] == JUDGE ->
		at[me] = (AHEAD(TURN(word), me) -> REGISTER : TAKE) }
	:: d_step { at[me] == TAKE ->
		if
		:: owner == word ->
			owner = me + 1;
			own(word & DIED);
			won = true;
			at[me] = LEAVE
		:: else -> at[me] = REGISTER
		fi;
		word = 0 }
#ifdef GIVE_UP
	:: d_step { at[me] == LOOK && me == N - 1 && !IS_MINE(me) -> at[me] = LEAVE }
#endif
#ifdef IMPATIENT
	:: d_step { at[me] == LOOK && me == N - 1 && owner & OFFERED && TURN(owner) != me ->
		word = owner;
		choose(TURN(owner) + N - 1, next);
		waiting[TURN(next)] = false;
		next = 0;
		at[me] = JUDGE }
#endif
	:: d_step { at[me] == LEAVE ->
		waiting[me] = false;
		at[me] = (won -> INSIDE : ENTER);
		won = false }
	/* The protected data is complete again. */
	:: d_step { at[me] == INSIDE ->
		half = false;
		at[me] = CHECK }
	/* adeos_lock_release(), adeos_lock_hand_over() */
	:: d_step { at[me] == CHECK ->
		choose(me, next);
		at[me] = (next -> CHOOSE : RELEASE) }
	:: d_step { at[me] == CHOOSE ->
		choose(me, next);
		at[me] = RELEASE }
	:: d_step { at[me] == RELEASE ->
		owner = next;
		next = 0;
		owns[me] = false;
		inside--;
		at[me] = ENTER }
	od
}

/* A CPU dies in any state; nobody owns now what it owned. */
proctype death()
{
	byte v;

	do
	:: atomic { deaths < DEATHS ->
		select(v : 0 .. N - 1);
		if
		:: at[v] != DEAD ->
			deaths++;
			are_dead++;
			at[v] = DEAD;
			inside = inside - owns[v];
			owns[v] = false;
			if
			:: v == 0 -> waits = false; passed = 0
			:: else
			fi
		:: else
		fi;
		v = 0 }
	od
}

/* The root has reset the CPUs, recovers the lock, and only then starts them again. */
proctype root()
{
	byte v, k, word, next;
	bool gone[N];

	do
	:: d_step { are_dead ->
		do
		:: v < N -> gone[v] = (at[v] == DEAD); v++
		:: v == N -> break
		od;
		v = 0 }
	   /* adeos_lock_recover() */
	   d_step {
		do
		:: v < N -> waiting[v] = waiting[v] && !gone[v]; v++
		:: v == N -> break
		od;
		v = 0 }
	   d_step { word = owner }
	   if
	   :: !FREE(word) && !(word & OFFERED) && gone[TURN(word)] ->
		d_step { choose(TURN(word), next) }
		d_step {
			assert(owner == word);
			owner = next | DIED;
			next = 0 }
	   :: else
	   fi;
	   d_step {
		do
		:: v < N ->
			if
			:: gone[v] -> at[v] = ENTER; are_dead--; gone[v] = false
			:: else
			fi;
			v++
		:: v == N -> break
		od;
		v = 0;
		word = 0 }
	od
}

init {
	byte i;

	atomic {
		do
		:: i < N -> run cpu(i); i++
		:: i == N -> break
		od;
		i = 0;
		run root();
		run death()
	}
}

#ifdef LIVE
ltl live { [] (waits -> <> !waits) }
#endif
