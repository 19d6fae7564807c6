// Everything below a prefix of the paths; see RouteList, which has what it can do.
#pragma once

#include <prefork/cxx20.hpp>

#include <prefork/place.hpp>
#include <prefork/route_list.hpp>

namespace prefork {
inline namespace v1 {

class RouteTable;

class Group : public RouteList<Group> {
 public:
  // For the layer below. Both outlive it.
  Group(RouteTable& table, Place& place) : table_(table), place_(place) {}

  // For the layer below.
  RouteTable& table() { return table_; }
  Place& place() { return place_; }

 private:
  RouteTable& table_;
  Place& place_;
};

}  // namespace v1
}  // namespace prefork
