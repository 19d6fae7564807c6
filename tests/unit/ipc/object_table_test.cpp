// What a process says of the files it runs code from.
#include "ipc/object_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace prefork::ipc {
namespace {

TEST(TheTableOfObjects, IsReadAsItWasWritten) {
  const auto table = std::make_unique<ObjectTable>();
  table->set({{0x1000, 0x2000, 0x800, std::string("\x01\x00\xFF", 3), "/srv/libshop.so"},
              {0x5000, 0x6000, 0, "", ""}});
  const std::vector<LoadedObject> objects = table->get();
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].start, 0x1000U);
  EXPECT_EQ(objects[0].end, 0x2000U);
  EXPECT_EQ(objects[0].bias, 0x800U);
  EXPECT_EQ(objects[0].build_id, std::string("\x01\x00\xFF", 3));
  EXPECT_EQ(objects[0].path, "/srv/libshop.so");
  EXPECT_EQ(find_object(objects, 0x1FFF), &objects[0]);
  EXPECT_EQ(find_object(objects, 0x2000), nullptr);
  table->clear();
  EXPECT_TRUE(table->get().empty());
}

TEST(TheTableOfObjects, LeavesOutWhatHasNoRoom) {
  const auto table = std::make_unique<ObjectTable>();
  table->set(std::vector<LoadedObject>(ObjectTable::kMaxObjects + 5,
                                       {1, 2, 0, std::string(64, 'b'), std::string(999, 'p')}));
  const std::vector<LoadedObject> objects = table->get();
  ASSERT_EQ(objects.size(), ObjectTable::kMaxObjects);
  EXPECT_EQ(objects.back().build_id.size(), LoadedObject::kMaxBuildIdBytes);
  EXPECT_EQ(objects.back().path.size(), LoadedObject::kMaxPathBytes);
}

// Whoever can write to the segment can write anything.
TEST(TheTableOfObjects, BelievesNoSizeThatStandsInIt) {
  const auto table = std::make_unique<ObjectTable>();
  table->set({{1, 2, 3, "id", "path"}});
  std::memset(static_cast<void*>(table.get()), 0xFE, sizeof(ObjectTable));
  for (const LoadedObject& object : table->get()) {
    EXPECT_LE(object.path.size(), LoadedObject::kMaxPathBytes);
    EXPECT_LE(object.build_id.size(), LoadedObject::kMaxBuildIdBytes);
  }
}

}  // namespace
}  // namespace prefork::ipc
