#include "workers/master/remote_folder.h"

#include <sys/vfs.h>

#include <array>
#include <cstdint>

namespace prefork::master {

namespace {

struct RemoteType {
  std::uint32_t magic;
  std::string_view name;
};

// Of statfs(2) and linux/magic.h, which does not have all of them. What virtual machines share with
// their host is among them: 9p, fuse (virtiofs), vboxsf, vmhgfs, prl_fs.
constexpr std::array kRemoteTypes = {
    RemoteType{0x6969, "nfs"},        RemoteType{0x517B, "smb"},
    RemoteType{0xFF534D42, "cifs"},   RemoteType{0xFE534D42, "smb2"},
    RemoteType{0x01021997, "9p"},     RemoteType{0x65735546, "fuse"},
    RemoteType{0x00C36400, "ceph"},   RemoteType{0x5346414F, "afs"},
    RemoteType{0x73757245, "coda"},   RemoteType{0x786F4256, "vboxsf"},
    RemoteType{0xBACBACBC, "vmhgfs"}, RemoteType{0x7C7C6673, "prl_fs"},
    RemoteType{0x0BD00BD0, "lustre"},
};

}  // namespace

std::optional<std::string_view> name_of_remote_type(long type) {
  for (const RemoteType& remote : kRemoteTypes) {
    // Some architectures have the type in 32 bits with a sign.
    if (remote.magic == static_cast<std::uint32_t>(type)) {
      return remote.name;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> remote_file_system_of(const std::string& folder) {
  struct statfs about {};
  if (::statfs(folder.c_str(), &about) != 0) {
    return std::nullopt;
  }
  return name_of_remote_type(static_cast<long>(about.f_type));
}

}  // namespace prefork::master
