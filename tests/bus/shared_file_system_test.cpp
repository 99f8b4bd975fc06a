// File systems that several machines share are refused by name (B-5). There is none here, so this
// program's own fstatfs() says that there is.
#include <atomic>

#include <catch2/catch.hpp>
#include <dlfcn.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "bus/durable/reader_open.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

std::atomic<std::uint32_t> pretended{0};

struct Pretence {
  explicit Pretence(std::uint32_t magic) { pretended.store(magic); }
  ~Pretence() { pretended.store(0); }
  Pretence(const Pretence&) = delete;
  Pretence& operator=(const Pretence&) = delete;
};

}  // namespace

// In place of the C library's, for all of this program.
extern "C" int fstatfs(int descriptor, struct statfs* status) noexcept {
  using Function = int (*)(int, struct statfs*);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fstatfs"));
  const int result = next(descriptor, status);
  if (const std::uint32_t magic = pretended.load(); result == 0 && magic != 0)
    status->f_type = magic;
  return result;
}

TEST_CASE("a bus on a file system that machines share is refused by name (B-5)") {
  struct Shared {
    std::uint32_t magic;
    std::string name;
  };
  const Shared shared = GENERATE(Shared{NFS_SUPER_MAGIC, "NFS"}, Shared{SMB2_SUPER_MAGIC, "SMB2"},
                                 Shared{V9FS_MAGIC, "9P"}, Shared{CEPH_SUPER_MAGIC, "Ceph"});
  const TemporaryBus temporary;
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  const Pretence pretence(shared.magic);
  const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().message.find("on " + shared.name + ",") != std::string::npos);
  CHECK(writer.error().message.find("--bus") != std::string::npos);
  const Result<Reader> reader = open_reader(temporary.bus(), kName);
  REQUIRE_FALSE(reader.has_value());
  CHECK(reader.error().message.find("on " + shared.name + ",") != std::string::npos);
}

TEST_CASE("a new bus is not begun on a file system that machines share (B-5)") {
  const TemporaryBus temporary;
  const Pretence pretence(NFS_SUPER_MAGIC);
  const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().message.find("on NFS,") != std::string::npos);
}
