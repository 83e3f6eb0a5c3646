/* SPDX-License-Identifier: MIT */
/*
 * Translation units of the kernel tier: which are loaded, what each was compiled for, and module parameters.
 *
 * A unit registers itself from a constructor, so the list changes with dlopen() and dlclose() only. Each change raises the
 * generation; a vCPU's next call into the kernel tier then checks every stamp against its machine.
 */
#include "state.h"
#include "tier.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t units_lock = PTHREAD_MUTEX_INITIALIZER;
static struct fxm_unit *units;
_Atomic unsigned fxmi_units_generation = 1;

static bool is_checked(const struct fxm_unit *unit)
{
	return unit->struct_size >= sizeof(*unit) && unit->flags & FXM_UNIT_CHECKED;
}

/* What the newest unit was compiled for. */
static const char *compiled_profile(void)
{
	const struct fxm_unit *first = fxm_unit_first();
	return first ? first->stamp->profile : NULL;
}

/* Whether every unit announces its accesses. */
static bool compiled_checked(void)
{
	bool all = true;

	pthread_mutex_lock(&units_lock);
	for (const struct fxm_unit *unit = units; unit; unit = unit->next)
		all &= is_checked(unit);
	pthread_mutex_unlock(&units_lock);
	return all;
}

void fxm_unit_register(struct fxm_unit *unit)
{
	if (!unit)
		return;
	fxmi_default_from(compiled_profile, compiled_checked);
	pthread_mutex_lock(&units_lock);
	unit->next = units;
	units = unit;
	atomic_fetch_add(&fxmi_units_generation, 1);
	pthread_mutex_unlock(&units_lock);
}

void fxm_unit_unregister(struct fxm_unit *unit)
{
	pthread_mutex_lock(&units_lock);
	for (struct fxm_unit **at = &units; *at; at = &(*at)->next)
		if (*at == unit) {
			*at = unit->next;
			break;
		}
	pthread_mutex_unlock(&units_lock);
}

const struct fxm_unit *fxm_unit_first(void)
{
	pthread_mutex_lock(&units_lock);
	const struct fxm_unit *first = units;
	pthread_mutex_unlock(&units_lock);
	return first;
}

/* ---- stamps ---- */

/* The numbers of a stamp, for comparing and for naming. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
    {"NR_CPUS", offsetof(struct fxm_stamp, nr_cpus)},
    {"KM_TYPE_NR", offsetof(struct fxm_stamp, km_type_nr)},
    {"FIX_KMAP_BEGIN", offsetof(struct fxm_stamp, fix_kmap_begin)},
    {"__end_of_fixed_addresses", offsetof(struct fxm_stamp, end_of_fixed_addresses)},
    {"LAST_PKMAP", offsetof(struct fxm_stamp, last_pkmap)},
    {"sizeof(pte_t)", offsetof(struct fxm_stamp, pte_bytes)},
};

static uint32_t number(const struct fxm_stamp *stamp, size_t i)
{
	return *(const uint32_t *)((const char *)stamp + numbers[i].offset);
}

static uint32_t enum_sum(const struct fxm_layout *layout)
{
	struct fxm_fixed fixed;
	uint32_t sum = 0;

	for (size_t i = 0; !fxm_fixed_at(layout, i, &fixed); i++)
		sum += fixed.index * (uint32_t)(strlen(fixed.name) + 1);
	return sum;
}

static struct fxm_stamp stamp_of_machine(const struct fxmi_kernel *k)
{
	return (struct fxm_stamp){
	    .struct_size = sizeof(struct fxm_stamp),
	    .profile = fxmi_layout_profile(k->layout),
	    .fix_kmap_begin = k->has_kmap_group ? k->fix_kmap_begin : 0,
	    .end_of_fixed_addresses = k->nr_fixed,
	    .km_type_nr = k->km_type_nr,
	    .nr_cpus = (uint32_t)fxmi_setting(k->layout, FXMI_SETTING_NR_CPUS),
	    .last_pkmap = (uint32_t)fxm_layout_get(k->layout, "LAST_PKMAP"),
	    .pte_bytes = k->pte_bytes,
	    .enum_sum = enum_sum(k->layout),
	};
}

/* " with NAME A, NAME B": the numbers of @stamp that differ from @other's. */
static void differences(const struct fxm_stamp *stamp, const struct fxm_stamp *other, char *buf, size_t size)
{
	size_t used = 0;
	buf[0] = 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && used < size; i++)
		if (number(stamp, i) != number(other, i))
			used += (size_t)snprintf(buf + used, size - used, "%s%s %u", used ? ", " : " with ", numbers[i].name,
						 number(stamp, i));
}

int fxm_stamp_check(const struct fxm_machine *m, const struct fxm_stamp *stamp, char *line, size_t size)
{
	if (!m || !stamp || stamp->struct_size < sizeof(*stamp))
		return -EINVAL;
	struct fxm_stamp machine = stamp_of_machine(fxmi_kernel(m));
	char theirs[192], ours[192];

	differences(stamp, &machine, theirs, sizeof(theirs));
	differences(&machine, stamp, ours, sizeof(ours));
	bool same_profile = !strcmp(stamp->profile, machine.profile);
	if (same_profile && !*theirs && stamp->enum_sum == machine.enum_sum)
		return 0;
	if (same_profile && !*theirs)
		snprintf(theirs, sizeof(theirs), " with other entries in enum fixed_addresses");
	if (line)
		snprintf(
		    line, size,
		    "compiled for %s%s, but the machine is %s%s: compile it with the flags of `fixmap cflags` for that machine",
		    stamp->profile, theirs, machine.profile, ours);
	return -EINVAL;
}

static bool mentions_borders(const struct fxm_unit *unit)
{
	for (const struct fxm_entry *const *at = unit->entries; at != unit->entries_end; at++)
		if ((*at)->kind == FXM_ENTRY_BORDER)
			return true;
	return false;
}

void fxmi_units_check(struct fxmi_tier *tier)
{
	unsigned generation = atomic_load(&fxmi_units_generation);
	char line[640];

	bool is_announced = false, wants_identity = true;

	pthread_mutex_lock(&units_lock);
	for (const struct fxm_unit *unit = units; unit; unit = unit->next) {
		is_announced |= is_checked(unit);
		wants_identity &= is_checked(unit) && !mentions_borders(unit);
		if (fxm_stamp_check(tier->k->m, unit->stamp, line, sizeof(line))) {
			fprintf(stderr, "libfixmap: %s was %s\n", unit->file, line);
			fflush(NULL);
			_exit(2);
		}
	}
	pthread_mutex_unlock(&units_lock);
	fxmi_window_identify(tier->k->m, is_announced, is_announced && wants_identity);
	atomic_store(&tier->checked, generation);
}

/* ---- parameters ---- */

/* Integer types of module_param(): width in bytes, negative for signed. */
static const struct {
	const char *type;
	int bytes;
} integers[] = {{"byte", 1}, {"short", -2}, {"ushort", 2}, {"int", -4}, {"uint", 4}, {"long", -8}, {"ulong", 8}};

static int set_integer(void *data, int bytes, const char *value)
{
	char *end;
	int width = bytes < 0 ? -bytes : bytes;

	if (!*value || isspace((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	long long wide = bytes < 0 ? strtoll(value, &end, 0) : (long long)strtoull(value, &end, 0);
	if (*end)
		return -EINVAL;
	unsigned bits = 8 * (unsigned)width;
	if (errno == ERANGE || (bytes > 0 && *value == '-'))
		return -ERANGE;
	if (bits < 64 && (bytes < 0 ? wide < -(1LL << (bits - 1)) || wide >= 1LL << (bits - 1) : (unsigned long long)wide >> bits))
		return -ERANGE;
	/* Little-endian hosts only: the low bytes come first. */
	memcpy(data, &wide, (size_t)width);
	return 0;
}

static int set_bool(void *data, const char *value, bool inverted)
{
	bool on = !*value || strchr("yY1", *value) != NULL;
	if (*value && (value[1] || !strchr("yYnN01", *value)))
		return -EINVAL;
	*(bool *)data = on != inverted;
	return 0;
}

static int set_one(const char *type, void *data, const char *value)
{
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++)
		if (!strcmp(type, integers[i].type))
			return set_integer(data, integers[i].bytes, value);
	if (!strcmp(type, "bool") || !strcmp(type, "invbool"))
		return set_bool(data, value, *type == 'i');
	if (!strcmp(type, "charp")) {
		/* Lives as long as the module's use of it, which nobody can know. */
		char *copy = strdup(value);
		if (copy)
			*(char **)data = copy;
		return copy ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

/* As kernel/params.c: those before a wrong one are set. */
static int set_array(const struct fxm_param_array *array, const char *value)
{
	char *copy = strdup(value), *at = copy;
	unsigned n = 0;
	int error = copy ? 0 : -ENOMEM;

	for (; at && !error; n++) {
		char *comma = strchr(at, ',');
		if (comma)
			*comma = 0;
		error = n == array->most ? -ERANGE : set_one(array->text, (char *)array->data + n * array->size, at);
		at = comma ? comma + 1 : NULL;
	}
	if (!error && array->number)
		*array->number = n;
	free(copy);
	return error;
}

static int set_string(const struct fxm_param_array *string, const char *value)
{
	if (strlen(value) >= string->most)
		return -ERANGE;
	strcpy(string->data, value);
	return 0;
}

static int set_callback(const struct fxm_param_callback *callback, const char *value)
{
	return callback->set(value, callback->param);
}

int fxm_param_set(const struct fxm_entry *param, const char *value)
{
	if (!param || param->kind != FXM_ENTRY_PARAM || !value)
		return -EINVAL;
	int saved = errno, error;

	if (!strncmp(param->text, "array of ", strlen("array of ")))
		error = set_array(param->data, value);
	else if (!strcmp(param->text, "string"))
		error = set_string(param->data, value);
	else if (!strcmp(param->text, "callback"))
		error = set_callback(param->data, value);
	else
		error = set_one(param->text, param->data, value);
	errno = saved;
	return error;
}
