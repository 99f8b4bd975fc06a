/* Publishing, overwriting and reading of one segment: docs/format.md, 5 and 6, docs/durability.md, 4, as bus/writer.cpp
 * and bus/reader.cpp do it. run.sh searches every execution within the bounds below.
 *
 * Memory is a log of the writer's stores. All shared words have one writer at a time, so the order
 * of a word's stores in the log is their modification order, and "what the writer knew" is a place
 * in the log. A load may return any store of its word that is not older than the newest that the
 * reader must know of. This covers stores that arrive late or out of order, and loads that are made
 * early. What a reader must know grows as C++20 says:
 *
 *   store, release              whoever reads it with acquire knows the log up to it
 *   release fence, then store   whoever reads that one, and then has an acquire fence, knows the log
 *                               up to the release fence
 *
 * Of `next` and `oldest` a reader never goes back; of the other words the model lets it, which C++
 * does not. A writer may be killed; then any of its stores that no release and no fence orders
 * before one that was made may be missing. The next writer finds what is in memory: the lock that
 * it takes orders the two.
 *
 * An M_... macro breaks the protocol in one place; each must be found out.
 */

/* Bounds. Lengths and positions are in words; a record is 1 to LONGEST of them. */
#ifndef RECORDS
#define RECORDS 5 /* published in all */
#endif
#ifndef CAPACITY
#define CAPACITY 2 /* words in the data ring */
#endif
#ifndef LONGEST
#define LONGEST 2 /* words of the longest record, at most CAPACITY */
#endif
#ifndef SLOTS
#define SLOTS 4 /* words in the index ring */
#endif
#ifndef RETAIN
#define RETAIN 3 /* less than SLOTS */
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef KILLS
#define KILLS 0 /* writers that are killed; each is followed by another */
#endif

/* The shared words. */
#define NEXT 1
#define OLDEST 2
#define INDEX(sequence) (3 + (sequence) % SLOTS)
#define DATA(position) (3 + SLOTS + (position) % CAPACITY)

/* What the word at a position holds: nobody else ever stores the same. */
#define CONTENT(position, writer) ((position) * 4 + (writer))

#define POSITIONS (RECORDS * LONGEST + 1)
/* oldest, words, index, next of each record, and what those who were killed left behind. */
#define STORES ((RECORDS + KILLS) * (3 + LONGEST))

/* The log, from 1 on; entry 0 stands for the zeros of a new segment. */
byte at[STORES + 1];      /* which word */
byte content[STORES + 1]; /* what */
byte tells[STORES + 1];   /* up to where whoever acquires it knows the log */
byte stores;

/* What is true: for the assertions alone. */
byte published;               /* the records whose `next` was stored */
byte position_of[RECORDS + 1];
byte writer_of[POSITIONS];    /* who committed the word at a position */

byte kills = KILLS;
bool written; /* all of it: only for a search in which readers come last */

inline append(where, what, knows) {
  assert(stores < STORES); /* the model's own bound */
  stores++;
  at[stores] = where;
  content[stores] = what;
  tells[stores] = knows
}

/* ---- the writer ---- */

/* A writer that will be killed makes some of its stores and leaves out others. */
inline store_relaxed(shared, value) {
  atomic {
    if
    :: append(shared, value, fenced)
    :: dying -> skipped = true
    fi
  }
}

/* If one before it is missing, so is this one. */
inline store_release(shared, value) {
  atomic {
    if
    :: !skipped -> append(shared, value, stores + 1)
    :: dying -> skipped = true
    fi
  }
}

/* If one before it is missing, all after it are. */
inline fence_release() {
  if
  :: skipped -> goto killed
  :: else -> fenced = stores
  fi
}

/* The word as it stands in memory. */
inline load_own(shared, into) {
  look = stores;
  do
  :: look > 0 && at[look] != shared -> look--
  :: else -> break
  od;
  into = content[look];
  look = 0
}

/* What bus/writer_open.cpp checks (D-6) and Writer::resume() reads. A writer that was killed must
 * leave it in order, else the epoch ends there. */
inline take_up() {
  d_step {
    load_own(OLDEST, oldest);
    load_own(NEXT, next);
    assert(next == published);
    assert(oldest <= next && next - oldest <= RETAIN);
    load_own(INDEX(oldest), oldest_at);
    load_own(INDEX(next), tail);
    assert(oldest_at <= tail && tail - oldest_at <= CAPACITY);
    assert(oldest < next || oldest_at == tail);
    if
    :: oldest < next ->
      load_own(INDEX(next - 1), i);
      assert(i == position_of[next - 1] && i < tail);
      do
      :: i < tail ->
        load_own(DATA(i), word);
        assert(word == CONTENT(i, writer_of[i]));
        i++
      :: else -> break
      od
    :: else
    fi;
#ifdef M_TAKE_UP_AT_LAST
    if
    :: oldest < next -> next--; load_own(INDEX(next), tail)
    :: else
    fi;
#endif
    i = 0;
    word = 0
  }
}

/* How far `oldest` must go for `length` more words, and then for one more record. */
inline plan_room() {
  d_step {
    raised = oldest;
    do
    :: raised < next && tail + length - oldest_at > CAPACITY ->
      raised++;
      load_own(INDEX(raised), oldest_at)
    :: else -> break
    od
  }
}

inline plan_place() {
  d_step {
    do
    :: raised < next && next - raised >= RETAIN ->
      raised++;
      load_own(INDEX(raised), oldest_at)
    :: else -> break
    od
  }
}

inline store_oldest() {
  if
  :: raised != oldest ->
    oldest = raised;
#ifdef M_OLDEST_RELAXED
    store_relaxed(OLDEST, oldest);
#else
    store_release(OLDEST, oldest);
#endif
#ifndef M_NO_RELEASE_FENCE
    fence_release()
#endif
  :: else
  fi
}

inline evict_for_count() {
  /* No `oldest` follows a store that is missing. */
  if
  :: skipped && next - oldest >= RETAIN -> goto killed
  :: else -> plan_place()
  fi;
  store_oldest()
}

inline store_bytes() {
  i = 0;
  do
  :: i < length ->
    store_relaxed(DATA(tail + i), CONTENT(tail + i, self));
    i++
  :: else -> break
  od;
  i = 0
}

inline store_index() { store_relaxed(INDEX(next + 1), tail + length) }

/* The commit. Only if it reaches memory has the record been published. */
inline store_next() {
  atomic {
    word = stores;
#ifdef M_NEXT_RELAXED
    store_relaxed(NEXT, next + 1);
#else
    store_release(NEXT, next + 1);
#endif
    if
    :: stores > word ->
      assert(published == next); /* no sequence twice */
      published = next + 1;
      position_of[next + 1] = tail + length;
      i = 0;
      do
      :: i < length -> writer_of[tail + i] = self; i++
      :: else -> break
      od;
      i = 0
    :: else
    fi;
    word = 0
  }
}

proctype Writer() {
  byte self = 0;
  byte oldest, next, oldest_at, tail; /* private copies */
  byte fenced;                        /* the log at the last release fence */
  byte length, raised;
  byte i, word, look;
  bool dying, skipped;

killed:
  atomic {
    self++;
    dying = false;
    skipped = false;
    length = 0;
    raised = 0;
    take_up();
#ifdef M_NO_TAKE_UP_FENCE
    fenced = 0
#else
    /* What the last writer gave up, this one may overwrite without raising `oldest` itself. */
    fenced = stores
#endif
  }
  do
  :: next == RECORDS && dying -> goto killed
  :: next == RECORDS && !dying -> break
  :: next < RECORDS ->
    atomic {
      if
      :: dying -> goto killed
      :: !dying && kills > 0 -> kills--; dying = true
      :: true
      fi;
      select(length : 1 .. LONGEST);
      if
      :: skipped -> raised = oldest /* past a missing `next`: see below */
      :: else -> plan_room()
      fi
    }
    /* What follows a `next` that is missing may be there: the words of the next record, as long as
     * no `oldest` comes before them. */
    if
    :: skipped && tail + length - oldest_at > CAPACITY -> goto killed
    :: else
    fi;
#ifndef M_OLDEST_LATE
    store_oldest();
#endif
#ifdef M_NEXT_FIRST
    evict_for_count();
    store_next();
    store_bytes();
    store_index();
#else
    store_bytes();
#ifdef M_PLACE_LATE
    store_index();
    evict_for_count();
    store_next();
#else
    evict_for_count();
#ifdef M_INDEX_LATE
    store_next();
    store_index();
#else
    store_index();
    store_next();
#endif
#endif
#endif
    atomic {
      tail = tail + length;
      next++;
      length = 0;
      raised = 0
    }
  od;
  written = true
}

/* ---- a reader ---- */

/* From the newest store of the word back to the newest that must be known, any of them. */
inline find(where, newest) {
  look = stores;
  do
  :: look == 0 -> break
  :: look > 0 && at[look] == where -> break
  :: look > 0 && at[look] == where && look > known && look > newest -> look--
  :: look > 0 && at[look] != where -> look--
  od
}

inline load_acquire(shared, last, into) {
  atomic {
    find(shared, last);
    last = look;
    into = content[look];
    known = (tells[look] > known -> tells[look] : known);
    look = 0
  }
}

inline load_relaxed(shared, last, into) {
  atomic {
    find(shared, last);
    last = look;
    into = content[look];
    fence_tells = (tells[look] > fence_tells -> tells[look] : fence_tells);
    look = 0
  }
}

inline fence_acquire() {
  atomic {
    known = (fence_tells > known -> fence_tells : known);
    fence_tells = 0
  }
}

/* Reader::is_whole(): whether `oldest` is still not past the cursor. */
inline load_oldest_again() {
#ifndef M_NO_ACQUIRE_FENCE
  fence_acquire();
#endif
  load_relaxed(OLDEST, last_oldest, oldest)
}

/* All the cursor passes over is reported, and was evicted by the writer after it had published it. */
inline pass_gap() {
  atomic {
    assert(oldest > cursor && oldest <= published);
    cursor = oldest
  }
}

inline forget() {
  oldest = 0;
  next = 0;
  start = 0;
  end = 0;
  count = 0;
  i = 0;
  word = 0;
  none = 0;
  torn = false
}

proctype Reader() {
  byte cursor;                  /* the sequence that comes next */
  byte known;                   /* the log up to here has happened before */
  byte fence_tells;             /* what an acquire fence will add */
  byte last_next, last_oldest;  /* the stores last read */
  byte next, oldest, start, end, count;
  byte i, word, look, none;
  bool torn;

#ifdef READERS_LAST
  written;
#endif
again:
  atomic { forget() }
  if
  :: cursor == RECORDS -> goto done
  :: else
  fi;
  /* Reader::next_run(). */
#ifdef M_NO_NEXT_ACQUIRE
  load_relaxed(NEXT, last_next, next);
#else
  load_acquire(NEXT, last_next, next);
#endif
  load_acquire(OLDEST, last_oldest, oldest);
  if
  :: oldest > cursor ->
    load_acquire(NEXT, last_next, next);
    assert(oldest <= next); /* else a fault */
    pass_gap();
    goto again
  :: oldest <= cursor && cursor == next -> goto again
  :: else
  fi;
  assert(cursor < next); /* else a fault */
  load_relaxed(INDEX(cursor), none, start);
  none = 0;
  select(count : 1 .. next - cursor);
  load_relaxed(INDEX(cursor + count), none, end);
  none = 0;
#ifndef M_NO_INDEX_CHECK
  load_oldest_again();
  if
  :: oldest > cursor ->
    load_acquire(OLDEST, last_oldest, oldest);
    pass_gap();
    goto again
  :: else
  fi;
#endif
  assert(start + count <= end && end - start <= CAPACITY); /* else a fault */
  /* The bytes are used. */
  i = start;
  do
  :: i < end ->
    atomic {
      load_relaxed(DATA(i), none, word);
      none = 0;
      torn = torn || word != CONTENT(i, writer_of[i]);
      word = 0;
      i++
    }
  :: else -> break
  od;
#ifndef M_NO_SECOND_CHECK
  load_oldest_again();
  if
  :: oldest > cursor -> goto again
  :: else
  fi;
#endif
  /* Accepted. */
  assert(!torn);
  assert(cursor + count <= published);
  assert(start == position_of[cursor] && end == position_of[cursor + count]);
  cursor = cursor + count;
  goto again;
done:
  skip
}

init {
  byte i;
  atomic {
    run Writer();
    i = 0;
    do
    :: i < READERS -> run Reader(); i++
    :: else -> break
    od
  }
}
