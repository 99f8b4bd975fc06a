// Memory that a process shares with the children it forks, and that outlives them: what a child
// wrote into it before it was killed is there.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace ringside::campaign {

template <class T>
class SharedPage {
 public:
  SharedPage() {
    void* const memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("ringside_campaign: cannot share memory");
      std::exit(1);
    }
    value_ = new (memory) T{};
  }
  ~SharedPage() { ::munmap(value_, sizeof(T)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

}  // namespace ringside::campaign
