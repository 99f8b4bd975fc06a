/* ringside's C ABI: publish events into shared memory, and read them in place. Points of a scatter
 * have functions of their own, in ringside_points.h, which this includes.
 *
 * libringside.so.0 and these headers are all that another language needs; both C99 and C++ take it.
 * Words (segment, epoch, sequence, run, gap, ...) are those of docs/glossary.md.
 *
 * Results. A function that can fail returns a negative RINGSIDE_ERROR_... code, or NULL where it
 * returns a pointer; ringside_last_error() then says what, where and what to do, in one line. Text
 * and code are this thread's own, and stay until its next call that fails. No exception comes out,
 * and whatever bytes a segment or a caller's event hold, none of these functions crashes on them.
 *
 * Memory. Handles belong to the caller, who closes them once; closing NULL does nothing. What is
 * handed in is looked at during the call only. Pointers into a segment (runs, records, views) are
 * valid until their reader is closed, and read-only; the producer may overwrite what they show at
 * any moment, so: use the bytes, then ask ringside_is_still_valid(), and believe them only if it
 * says 1. Texts are UTF-8.
 *
 * Threads. A producer is for one thread at a time: a second one that calls meanwhile gets
 * RINGSIDE_ERROR_BUSY, and nothing is published. A reader may be used by any number of threads at
 * once; so may functions without a handle. Closing a handle that is in use is the caller's fault.
 * Publishing never waits for a reader. It makes no system call, except to wake a sleeping reader,
 * to check every 100 ms that the file is still in place, and to populate pages on the first lap.
 *
 * Processes. One producer of a name at a time: the next gets RINGSIDE_ERROR_IN_USE until the first
 * is closed or its process has ended, however it ended; then it goes on with the next sequence. A
 * child of fork() must not publish with what it inherited: its calls get RINGSIDE_ERROR_FORKED. It
 * should close the producer, since that keeps the name taken as long as anyone has it. A reader may
 * go on in the child, if no other thread was in a call with it at the fork. The library takes
 * SIGBUS to survive segments that are cut short, and passes on those that are not its own; install
 * your handler before the first open, and chain to what was there if you install one later. It
 * cannot be unloaded.
 *
 * Growth. Structs that may grow begin with their size: set it to sizeof, and the rest to zero
 * (RINGSIDE_..._INIT does both). What is new means nothing when zero. The soname changes when a
 * program that was built before would not work any more.
 */
#ifndef RINGSIDE_H
#define RINGSIDE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RINGSIDE_API __attribute__((visibility("default")))
#else
#define RINGSIDE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors and versions -------------------------------------------------------------------- */

enum ringside_error {
  RINGSIDE_OK = 0,
  RINGSIDE_ERROR_SYSTEM = -1,       /* a system call failed; the text ends with errno's */
  RINGSIDE_ERROR_NAME = -2,         /* a channel or producer name that cannot be one */
  RINGSIDE_ERROR_ARGUMENT = -3,     /* a null pointer, a size or an option out of its range */
  RINGSIDE_ERROR_NOT_FOUND = -4,    /* no such bus, channel, segment or sequence */
  RINGSIDE_ERROR_NOT_SEGMENT = -5,  /* the file is something else */
  RINGSIDE_ERROR_INCOMPATIBLE = -6, /* a segment of another format version or byte order */
  RINGSIDE_ERROR_CORRUPT = -7,      /* a corrupt segment: read no more of it */
  RINGSIDE_ERROR_DETACHED = -8,     /* the producer's file is gone: open the producer again */
  RINGSIDE_ERROR_IN_USE = -9,       /* another process has this producer */
  RINGSIDE_ERROR_NO_SPACE = -10,    /* the file system cannot hold the segment */
  RINGSIDE_ERROR_TOO_LARGE = -11,   /* an event larger than the segment takes */
  RINGSIDE_ERROR_EVENT = -12,       /* an event that does not verify against the schema */
  RINGSIDE_ERROR_BUSY = -13,        /* another thread is using this producer */
  RINGSIDE_ERROR_FORKED = -14,      /* the handle is that of the parent process */
  RINGSIDE_ERROR_OVERWRITTEN = -15, /* the producer overwrote it while, or before, it was read */
  RINGSIDE_ERROR_INTERNAL = -16     /* a fault of this library, or no memory */
};

/* The last failure of this thread: one line; "" if there was none. Never NULL. */
RINGSIDE_API const char* ringside_last_error(void);
/* Its code, or RINGSIDE_OK. */
RINGSIDE_API int ringside_last_error_code(void);

/* "0.1.0" */
RINGSIDE_API const char* ringside_version(void);
/* The number in the soname: what this header describes is 0. */
#define RINGSIDE_ABI 0
RINGSIDE_API int ringside_abi(void);

/* ---- Producers ------------------------------------------------------------------------------ */

typedef struct ringside_producer ringside_producer;

typedef struct ringside_producer_options {
  size_t size;
  const char* bus;      /* the bus directory; NULL: $RINGSIDE_BUS, else /run/ringside where that
                           exists, else /dev/shm/ringside */
  const char* channel;  /* 1 to 64 of A-Z a-z 0-9 . _ -, the first neither . nor - */
  const char* producer; /* likewise */
  const char* type;     /* "embedding" or "load", the built-in types; NULL: as `schema` says */
  const void* schema;   /* a binary schema (.bfbs), schema_size bytes */
  size_t schema_size;
  uint64_t capacity_bytes;   /* of the ring, rounded up to a multiple of 64 KiB; 0: as the segment
                                that is there, else 64 MiB */
  uint64_t retain_events;    /* the most events kept; 0: as is, else as many as the index holds */
  uint64_t retain_age_ns;    /* how old events may get; 0: as is */
  uint64_t sync_interval_ms; /* bring events to the disk this often; 0: when the kernel likes */
} ringside_producer_options;
/* clang-format off */
#define RINGSIDE_PRODUCER_OPTIONS_INIT \
  { sizeof(ringside_producer_options), NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0 }
/* clang-format on */

/* Creates the producer's segment, or reopens it where the last one left it. A schema or cap that
   differs from the segment's makes a new epoch, and the old events are gone. */
RINGSIDE_API ringside_producer* ringside_producer_open(const ringside_producer_options* options);
RINGSIDE_API void ringside_producer_close(ringside_producer* producer);

/* Publishes `size` bytes, one finished FlatBuffer, once they verify against the schema. Returns the
   sequence, or an error, and then nothing was published. */
RINGSIDE_API int64_t ringside_publish(ringside_producer* producer, const void* event, size_t size);

/* Publishes the event that a JSON object describes by the schema's own names. Unknown fields,
   wrong types and bad UTF-8 are refused (RINGSIDE_ERROR_EVENT, with the field). */
RINGSIDE_API int64_t ringside_publish_json(ringside_producer* producer, const char* json,
                                           size_t size);

/* Room in the ring itself for an event of up to `size` bytes, aligned to 8: build it there, then
   commit the bytes that it takes, from the first on. Nobody sees it before. Any other publishing
   abandons the claim, as does a commit that fails. The oldest events are evicted for it at once,
   whether or not the claim is committed. NULL on failure. */
RINGSIDE_API void* ringside_claim(ringside_producer* producer, size_t size);
RINGSIDE_API int64_t ringside_commit(ringside_producer* producer, size_t size);

enum ringside_origin {
  RINGSIDE_CREATED = 0,  /* there was no segment */
  RINGSIDE_REOPENED = 1, /* the last producer's, as it stood */
  RINGSIDE_REPLACED = 2, /* schema or caps changed: a new epoch, and empty */
  RINGSIDE_RECOVERED = 3 /* the old one was damaged: a new epoch with its intact events */
};

typedef struct ringside_producer_info {
  size_t size;
  uint64_t epoch;
  uint64_t oldest; /* the retained window is [oldest, next) */
  uint64_t next;   /* the sequence that the next event gets */
  uint64_t capacity_bytes;
  uint64_t retain_events;
  uint64_t max_event;   /* bytes of the largest event that fits */
  int32_t origin;       /* enum ringside_origin */
  int32_t sync_error;   /* errno of the last attempt to reach the disk, or 0 */
  int32_t takes_points; /* 1: the type is "embedding" */
  int32_t reserved;     /* 0 */
} ringside_producer_info;
RINGSIDE_API int ringside_producer_describe(ringside_producer* producer,
                                            ringside_producer_info* info);

/* ---- Readers -------------------------------------------------------------------------------- */

typedef struct ringside_reader ringside_reader;

/* Opens a segment read-only, in constant time. `bus` as above. */
RINGSIDE_API ringside_reader* ringside_reader_open(const char* bus, const char* channel,
                                                   const char* producer);
RINGSIDE_API void ringside_reader_close(ringside_reader* reader);

typedef struct ringside_reader_info {
  size_t size;
  uint64_t epoch;
  uint64_t oldest; /* the retained window is [oldest, next), at some moment of the call */
  uint64_t next;
  uint64_t capacity_bytes;
  uint64_t retain_events;
  const void* schema; /* the binary schema of the events */
  size_t schema_size;
  const void* mapping; /* the addresses that runs come from */
  size_t mapping_size;
  char schema_id[8]; /* the file identifier, or "" */
} ringside_reader_info;
RINGSIDE_API int ringside_reader_describe(const ringside_reader* reader,
                                          ringside_reader_info* info);

/* The sequence that `from` means: "oldest", "latest", "last:N", "seq:N" or "since:10s". */
RINGSIDE_API int ringside_seek(const ringside_reader* reader, const char* from, uint64_t* sequence);

/* Consecutive records as they stand in the ring: one span of memory. A record is a header of 24
   bytes (size u32, crc32c u32, sequence u64, timestamp_ns u64), `size` bytes, and zeros up to the
   next multiple of 8 (docs/format.md, 4). */
typedef struct ringside_run {
  uint64_t first; /* sequence */
  uint64_t count; /* of records */
  const void* bytes;
  size_t size;
} ringside_run;

enum ringside_step {
  RINGSIDE_NOTHING = 0, /* all that is published has been read */
  RINGSIDE_RUN = 1,     /* there is something to read */
  RINGSIDE_GAP = 2,     /* the producer was faster */
  RINGSIDE_ENDED = 3,   /* the segment was removed or replaced, and all of it has been read */
  RINGSIDE_INVALID = 4  /* records are damaged; all others can be read */
};

/* What comes at `*cursor`, a sequence. RINGSIDE_RUN: `run` is up to max_bytes of it (0: as much as
   there is; at least one record), and the cursor stands behind it. RINGSIDE_GAP: sequences
   [run->first, run->first + run->count) are gone, and the cursor stands behind them.
   RINGSIDE_INVALID: likewise, but those records are damaged; a run ends before them. Never
   RINGSIDE_ENDED. If a run turns out not to be valid any more, set the cursor back to run->first.
 */
RINGSIDE_API int ringside_next_run(const ringside_reader* reader, uint64_t* cursor,
                                   size_t max_bytes, ringside_run* run);

/* 1 if no byte of the run has been overwritten up to now, else 0. */
RINGSIDE_API int ringside_is_still_valid(const ringside_reader* reader, const ringside_run* run);

typedef struct ringside_record {
  uint64_t sequence;
  uint64_t timestamp_ns; /* since 1970, UTC */
  const void* event;
  size_t size;
} ringside_record;

/* The record at `*offset` of a run, which is 0 for the first; moves the offset to the next. Returns
   RINGSIDE_RUN, or RINGSIDE_NOTHING behind the last, or an error if the bytes are none. */
RINGSIDE_API int ringside_next_record(const ringside_run* run, size_t* offset,
                                      ringside_record* record);

/* What comes at `*cursor` as a private copy, checked against its checksum: as ringside_next_run().
   On RINGSIDE_GAP and RINGSIDE_INVALID the record's sequence is the first that is missing. The copy
   is the thread's, and stays until its next call of this function. */
RINGSIDE_API int ringside_copy_record(const ringside_reader* reader, uint64_t* cursor,
                                      ringside_record* record);

/* The same into `buffer`, for languages in which a signal's handler or a finalizer may read too
   before the copy has been used. RINGSIDE_ERROR_TOO_LARGE if the record is larger than `capacity`:
   record->size says how large, and the cursor stays. */
RINGSIDE_API int ringside_copy_record_into(const ringside_reader* reader, uint64_t* cursor,
                                           void* buffer, size_t capacity, ringside_record* record);

/* An event of this reader's as one line of JSON, by the schema of the segment; the bytes must be a
   copy, as ringside_copy_record() makes them. The text is the thread's, until its next call of this
   function; `length`, if not NULL, gets its length. NULL on failure. */
RINGSIDE_API const char* ringside_event_json(const ringside_reader* reader, const void* event,
                                             size_t size, size_t* length);

/* Waits until something is published at `cursor`, up to timeout_ms (-1: as long as it takes).
   Returns RINGSIDE_RUN, RINGSIDE_NOTHING when the time is over, or RINGSIDE_ENDED. */
RINGSIDE_API int ringside_wait(const ringside_reader* reader, uint64_t cursor, int64_t timeout_ms);

/* ---- The bus -------------------------------------------------------------------------------- */

typedef struct ringside_list ringside_list;

typedef struct ringside_segment {
  size_t size;
  const char* channel;
  const char* producer;
  const char* schema_id; /* the file identifier, or "" */
  const char* fault; /* why it cannot be read, or ""; then without a producer for all of a channel
                        whose folder cannot be read */
  uint64_t epoch;
  uint64_t oldest;
  uint64_t next;
  uint64_t bytes; /* of the retained events */
  uint64_t capacity_bytes;
  uint64_t retain_events;
  uint64_t pid;        /* of the producer that has it, or had it last; 0 if not known here */
  double oldest_age_s; /* of the oldest event; negative if there is none */
  int32_t is_live;     /* 1 if a producer has it open now, 0 if not, -1 if that is hidden */
  int32_t reserved;
} ringside_segment;

/* The bus directory that `bus` means, as above: the thread's until its next such call. */
RINGSIDE_API const char* ringside_bus_path(const char* bus);

/* The segments of a bus now, sorted by name; RINGSIDE_ERROR_NOT_FOUND if there is no such bus. The
   texts live as long as the list. */
RINGSIDE_API ringside_list* ringside_list_open(const char* bus);
RINGSIDE_API size_t ringside_list_count(const ringside_list* list);
RINGSIDE_API int ringside_list_get(const ringside_list* list, size_t i, ringside_segment* segment);
RINGSIDE_API void ringside_list_close(ringside_list* list);

#ifdef __cplusplus
}
#endif

#include "ringside_points.h" /* IWYU pragma: export */

#endif
