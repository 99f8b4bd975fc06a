/* Publishes one event and reads it back. Usage: main BUS SEQUENCE, which it should get. */
#include <ringside.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char** argv) {
  static const char event[] = "{\"seed\": 42, \"words\": [1, 2, 3]}";
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  ringside_producer* producer;
  ringside_reader* reader;
  ringside_record record;
  uint64_t cursor;
  const char* json;
  if (argc != 3) return 2;
  options.bus = argv[1];
  options.channel = "load";
  options.producer = "outside";
  options.type = "load";
  producer = ringside_producer_open(&options);
  if (producer == NULL ||
      ringside_publish_json(producer, event, strlen(event)) != strtoll(argv[2], NULL, 10)) {
    fprintf(stderr, "%s\n", ringside_last_error());
    return 1;
  }
  reader = ringside_reader_open(argv[1], "load", "outside");
  if (reader == NULL || ringside_seek(reader, "last:1", &cursor) < 0 ||
      ringside_copy_record(reader, &cursor, &record) != RINGSIDE_RUN)
    return 1;
  json = ringside_event_json(reader, record.event, record.size, NULL);
  if (json == NULL || strstr(json, "\"seed\":42") == NULL) {
    fprintf(stderr, "the event read back is %s\n", json == NULL ? ringside_last_error() : json);
    return 1;
  }
  ringside_reader_close(reader);
  ringside_producer_close(producer);
  return 0;
}
