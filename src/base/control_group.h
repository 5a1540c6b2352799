/* The control groups that this process is in. */
#ifndef GNET_BASE_CONTROL_GROUP_H
#define GNET_BASE_CONTROL_GROUP_H

typedef void GnetVisitGroup(void *user, const char *directory);

/* Calls visit for the directory of this process's control group and of each above it, up to the
   mount's own: what any of them limits is limited. controller names a hierarchy of version 1
   ("memory"); "" is that of version 2. A directory need not be there: a container sees only its own
   part, under the names of the whole. root stands before /proc and /sys: "" but in tests. Source:
   cgroups(7). */
void gnet_control_groups(const char *root, const char *controller, GnetVisitGroup *visit,
                         void *user);

#endif
