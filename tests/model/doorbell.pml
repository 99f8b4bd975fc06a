/* The doorbell: docs/format.md, 6, and docs/bus.md, 4, as bus/doorbell.hpp and bus/doorbell.cpp do it. run.sh
 * searches every execution within the bounds below.
 *
 * Each process has a buffer of stores that have not reached memory, one for each word. They reach
 * it in any order, unless a release stands between them. A seq_cst store, and a fence of that
 * strength, empties the buffer at once, and so does a system call. That is what a wake-up hangs on:
 * the producer stores `next` and loads `waiting`, the reader stores `waiting` and loads `next`.
 *
 * A wait has no time limit here, although B-7 asks for one: the limit would hide what is lost. A
 * producer may stop after any event, so that no later event makes good what an earlier one lost.
 *
 * An M_... macro breaks the protocol in one place; each must be found out.
 */

#ifndef EVENTS
#define EVENTS 2 /* of each producer, at most */
#endif
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef READERS
#define READERS 1
#endif

/* Memory. */
byte next[PRODUCERS];
bool waiting;
byte rings;

/* The kernel's queue of the futex `rings`. */
bool asleep[READERS];

/* For the assertion alone: what each reader has seen. */
byte seen[READERS * PRODUCERS];

inline deliver_next() {
  if
  :: has_late_next -> next[self] = late_next; has_late_next = false
  :: else
  fi
}

inline deliver_clear() {
  if
  :: has_late_clear -> waiting = false; has_late_clear = false
  :: else
  fi
}

proctype Producer(byte self) {
  byte event, late_next, i;
  bool has_late_next, has_late_clear, see;

  do
  :: true -> break /* says no more */
  :: event < EVENTS ->
    event++;
    /* The commit. */
#ifdef M_NEXT_RELEASE
    late_next = event;
    has_late_next = true;
    if
    :: deliver_next()
    :: true
    fi;
#else
    next[self] = event;
#endif
    /* Doorbell::ring(). */
    see = waiting;
    if
    :: see ->
      /* Doorbell::wake(). The count is a release: what is in the buffer goes first. */
#ifdef M_CLEAR_AFTER_RINGS
      deliver_next();
      rings++;
      waiting = false;
#else
      has_late_clear = true;
#ifdef M_RINGS_RELAXED
      if
      :: deliver_clear()
      :: true
      fi;
#else
      deliver_clear();
      deliver_next();
#endif
      rings++;
#endif
#ifndef M_NO_WAKE
      /* FUTEX_WAKE. */
      atomic {
        i = 0;
        do
        :: i < READERS -> asleep[i] = false; i++
        :: else -> break
        od;
        i = 0
      }
#endif
    :: else
    fi;
    see = false;
    /* What is still in the buffer arrives. */
    deliver_clear();
    deliver_next();
    late_next = 0
  od
}

/* Looks at every segment; takes what is there. */
inline look() {
  found = false;
  i = 0;
  do
  :: i < PRODUCERS ->
    atomic {
      if
      :: next[i] > seen[self * PRODUCERS + i] ->
        seen[self * PRODUCERS + i] = next[i];
        found = true
      :: else
      fi;
      i++
    }
  :: else -> break
  od;
  i = 0
}

proctype Reader(byte self) {
  byte ticket, i;
  bool found, has_late_waiting;

again:
#ifdef M_LOOK_FIRST
  look();
#endif
  /* Doorbell::prepare(). */
#ifndef M_TICKET_LAST
  ticket = rings;
#endif
#ifdef M_WAITING_RELEASE
  if
  :: waiting = true
  :: has_late_waiting = true
  fi;
#else
  waiting = true;
#endif
#ifndef M_LOOK_FIRST
  look();
#endif
#ifdef M_TICKET_LAST
  ticket = rings;
#endif
  if
  :: has_late_waiting -> waiting = true; has_late_waiting = false
  :: else
  fi;
  if
  :: found -> ticket = 0; goto again
  :: else
  fi;
  /* FUTEX_WAIT: the kernel compares and queues in one step. */
  atomic {
    if
    :: rings != ticket
    :: else -> asleep[self] = true
    fi;
    ticket = 0
  }
end_sleep:
  !asleep[self];
  goto again
}

/* When nobody can do anything any more, all that was published has been seen. */
active proctype Judge() {
  byte i;
end_judge:
  timeout;
  i = 0;
  do
  :: i < READERS * PRODUCERS ->
    assert(seen[i] == next[i % PRODUCERS]); /* else a wake-up was lost */
    i++
  :: else -> break
  od
}

init {
  byte i;
  atomic {
    do
    :: i < PRODUCERS -> run Producer(i); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < READERS -> run Reader(i); i++
    :: else -> break
    od
  }
}
