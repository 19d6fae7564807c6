#include "server/native/elf_image.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/owned_fd.h"

namespace prefork::native {
namespace {

// A shared object that has no code: headers, a build id, and what it needs.
struct Written {
  ElfW(Ehdr) header{};
  ElfW(Phdr) parts[3]{};
  ElfW(Nhdr) note{4, 3, NT_GNU_BUILD_ID};
  char note_name[4] = {'G', 'N', 'U', '\0'};
  unsigned char note_value[4] = {0xab, 0x01, 0xff, 0};
  ElfW(Dyn) dynamic[5]{};
  char strings[64] = "\0libone.so\0libtwo.so\0$ORIGIN/lib:/usr/local/lib";

  Written() {
    std::copy_n(ELFMAG, SELFMAG, header.e_ident);
    header.e_type = ET_DYN;
    header.e_phentsize = sizeof(ElfW(Phdr));
    header.e_phnum = 3;
    header.e_phoff = offsetof(Written, parts);
    constexpr ElfW(Addr) kLoadedAt = 0x1000;
    parts[0] = {};
    parts[0].p_type = PT_LOAD;
    parts[0].p_vaddr = kLoadedAt;
    parts[0].p_filesz = sizeof(Written);
    parts[1].p_type = PT_NOTE;
    parts[1].p_offset = offsetof(Written, note);
    parts[1].p_filesz = sizeof note + sizeof note_name + sizeof note_value;
    parts[2].p_type = PT_DYNAMIC;
    parts[2].p_offset = offsetof(Written, dynamic);
    parts[2].p_filesz = sizeof dynamic;
    dynamic[0] = {DT_STRTAB, {kLoadedAt + offsetof(Written, strings)}};
    dynamic[1] = {DT_NEEDED, {1}};
    dynamic[2] = {DT_NEEDED, {11}};
    dynamic[3] = {DT_RUNPATH, {21}};
    dynamic[4] = {DT_NULL, {0}};
  }
};

config::Result<ElfImage> read(std::string_view bytes) {
  const ipc::OwnedFd file(::memfd_create("image", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return ElfImage::read(file.get());
}

std::string_view bytes_of(const Written& written) {
  return {reinterpret_cast<const char*>(&written), sizeof written};
}

TEST(ElfImage, TellsTheBuildIdAndWhatTheObjectNeeds) {
  const Written written;
  const auto image = read(bytes_of(written));
  ASSERT_TRUE(image.ok()) << image.problem().text;
  EXPECT_EQ(image.value().build_id(), "ab01ff");
  EXPECT_EQ(image.value().needed(), (std::vector<std::string>{"libone.so", "libtwo.so"}));
  EXPECT_EQ(image.value().search_folders(),
            (std::vector<std::string>{"$ORIGIN/lib", "/usr/local/lib"}));
}

TEST(ElfImage, SaysWhatAFileIsInsteadOfOne) {
  EXPECT_NE(read("#!/bin/sh\n").problem().text.find("not a shared object"), std::string::npos);
  EXPECT_NE(read("").problem().text.find("not a shared object"), std::string::npos);
  Written program;
  program.header.e_type = ET_EXEC;
  EXPECT_NE(read(bytes_of(program)).problem().text.find("-shared"), std::string::npos);
  const ipc::OwnedFd folder(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(ElfImage::read(folder.get()).problem().text, "not a regular file");
}

TEST(ElfImage, BelievesNothingThatLiesOutsideOfTheFile) {
  std::mt19937 random(20'261'128);
  for (int round = 0; round < 5'000; ++round) {
    Written written;
    auto* const bytes = reinterpret_cast<unsigned char*>(&written);
    for (int change = 0; change < 4; ++change) {
      bytes[random() % sizeof written] = static_cast<unsigned char>(random());
    }
    const std::size_t size = random() % 4 == 0 ? random() % sizeof written : sizeof written;
    const auto image = read(bytes_of(written).substr(0, size));
    EXPECT_TRUE(image.ok() || !image.problem().text.empty());
  }
}

}  // namespace
}  // namespace prefork::native
