#include "workers/master/remote_folder.h"

#include <gtest/gtest.h>

namespace prefork::master {
namespace {

TEST(RemoteFolder, IsOneOnAFileSystemThatOthersChangeToo) {
  EXPECT_EQ(name_of_remote_type(0x6969), "nfs");
  EXPECT_EQ(name_of_remote_type(0x01021997), "9p");
  EXPECT_EQ(name_of_remote_type(0xFF534D42), "cifs");
  EXPECT_EQ(name_of_remote_type(static_cast<int>(0xFF534D42)), "cifs") << "with a sign, in 32 bits";
}

TEST(RemoteFolder, IsNotOneThatOnlyThisMachineChanges) {
  EXPECT_EQ(name_of_remote_type(0xEF53), std::nullopt) << "ext4";
  EXPECT_EQ(name_of_remote_type(0x794C7630), std::nullopt) << "overlayfs";
  EXPECT_EQ(remote_file_system_of("/proc"), std::nullopt);
  EXPECT_EQ(remote_file_system_of("/this/is/nowhere"), std::nullopt);
}

}  // namespace
}  // namespace prefork::master
