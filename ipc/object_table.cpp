#include "ipc/object_table.h"

#include <cstring>

namespace prefork::ipc {

ObjectTable::Box::Words ObjectTable::pack(const LoadedObject& object) {
  Box::Words words{};
  words[kStart] = object.start;
  words[kEnd] = object.end;
  words[kBias] = object.bias;
  const std::size_t id_size = std::min(object.build_id.size(), LoadedObject::kMaxBuildIdBytes);
  const std::size_t path_size = std::min(object.path.size(), LoadedObject::kMaxPathBytes);
  words[kSizes] = id_size | std::uint64_t{path_size} << kPathShift;
  std::memcpy(&words[kBuildId], object.build_id.data(), id_size);
  std::memcpy(&words[kPath], object.path.data(), path_size);
  return words;
}

LoadedObject ObjectTable::unpack(const Box::Words& words) {
  LoadedObject object;
  object.start = words[kStart];
  object.end = words[kEnd];
  object.bias = words[kBias];
  const std::uint64_t sizes = words[kSizes];
  const auto id_size = std::min<std::size_t>(sizes & 0xFFFFFFFF, LoadedObject::kMaxBuildIdBytes);
  const auto path_size = std::min<std::size_t>(sizes >> kPathShift, LoadedObject::kMaxPathBytes);
  object.build_id.resize(id_size);
  std::memcpy(object.build_id.data(), &words[kBuildId], id_size);
  object.path.resize(path_size);
  std::memcpy(object.path.data(), &words[kPath], path_size);
  return object;
}

void ObjectTable::set(const std::vector<LoadedObject>& objects) {
  const std::size_t count = std::min<std::size_t>(objects.size(), kMaxObjects);
  for (std::size_t i = 0; i < count; ++i) {
    boxes_[i].write(pack(objects[i]));
  }
  count_.store(static_cast<std::uint32_t>(count), std::memory_order_release);
}

std::vector<LoadedObject> ObjectTable::get() const {
  std::vector<LoadedObject> objects;
  const std::uint32_t count = std::min(count_.load(std::memory_order_acquire), kMaxObjects);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (const auto words = boxes_[i].read()) {
      objects.push_back(unpack(*words));
    }
  }
  return objects;
}

const LoadedObject* find_object(const std::vector<LoadedObject>& objects, std::uint64_t address) {
  const auto found =
      std::find_if(objects.begin(), objects.end(), [address](const LoadedObject& object) {
        return object.start <= address && address < object.end;
      });
  return found == objects.end() ? nullptr : &*found;
}

}  // namespace prefork::ipc
