// What ringside_bench measures of the tree that it was built from. Each reads its arguments and
// takes turns (turns.hpp) until its input ends.
#pragma once

namespace ringside::bench {

void publish_raw(int argc, char** argv);
void publish_verified(int argc, char** argv);
void publish_through_pipe(int argc, char** argv);
void publish_parquet(int argc, char** argv);
void attach(int argc, char** argv);
void reopen(int argc, char** argv);
void serve_window(int argc, char** argv);
void serve_live(int argc, char** argv);

}  // namespace ringside::bench
