/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of other settings for the devices that rules are about. */
#include <string.h>

#include "audit/audit.h"
#include "core/text.h"
#include "host/joined.h"

/* Room for the addresses of the devices that a setting means; of more, the first are named. */
#define LIST_MAX 256

/* Which devices a rival means, and whether the rules give them away. */
struct meant {
	char taken[LIST_MAX], kept[LIST_MAX];
	const struct plan_row *row; /* the first of a device that is taken */
};

/* A device can have several modules: without nvidiafb, which Proxmox VE blacklists, it has nouveau.
 */
static bool has_other_driver(const struct rival *rival, const struct pci_device *device)
{
	return rival->kind == RIVAL_BLACKLIST && device->driver &&
	       !strstr(device->driver, "vfio") && !text_same_name(device->driver, rival->text);
}

static void find_meant(const struct view *view, const struct rival *rival, struct meant *meant)
{
	const struct pci *pci = &view->forecast.pci;

	*meant = (struct meant){ .row = NULL };
	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const struct plan_row *row = view_row(view, device);
		char address[PCI_ADDRESS_TEXT_MAX];

		if (!rivals_means(rival, pci, device) || pci_is_bridge(device))
			continue;
		pci_address_format(&device->address, address);
		if (view_is_taken(row))
			wordlist_add(meant->taken, LIST_MAX, address);
		else if (!has_other_driver(rival, device))
			wordlist_add(meant->kept, LIST_MAX, address);
		if (view_is_taken(row) && !meant->row)
			meant->row = row;
	}
}

static void audit_ids(struct findings *findings, const struct rival *rival,
		      const struct meant *meant)
{
	if (meant->kept[0] != '\0' && meant->row)
		findings_add(findings, VIEW_WARNING, rival->where,
			     "ids=%s takes every card of this model, also %s, which no rule gives "
			     "away; take it out",
			     rival->text, meant->kept);
	else if (meant->kept[0] != '\0')
		findings_add(findings, VIEW_NOTE, rival->where,
			     "ids=%s takes %s, no rule does; 'vfio-earlyctl import' makes rules of "
			     "such lines",
			     rival->text, meant->kept);
	else
		findings_add(findings, VIEW_NOTE, rival->where,
			     "ids=%s is needless beside the rules, and takes every card of this "
			     "model that may be added; take it out",
			     rival->text);
}

static void audit_driverctl(struct findings *findings, const struct rival *rival,
			    const struct meant *meant)
{
	if (meant->row && strcmp(meant->row->driver, rival->driver) != 0)
		findings_add(findings, VIEW_WARNING, rival->where,
			     "driverctl gives %s to %s when the system is up; run 'driverctl "
			     "unset-override %s'",
			     rival->text, rival->driver, rival->text);
	else if (meant->row)
		findings_add(findings, VIEW_NOTE, rival->where,
			     "the override is needless beside the rules; remove the file "
			     "('driverctl unset-override' would give %s back at once)",
			     rival->text);
	else if (meant->kept[0] != '\0' && strstr(rival->driver, "vfio"))
		findings_add(findings, VIEW_NOTE, rival->where,
			     "driverctl gives %s to %s when the system is up, no rule does; "
			     "'vfio-earlyctl import' makes rules of such files",
			     rival->text, rival->driver);
}

static void audit_blacklist(struct findings *findings, const struct rival *rival,
			    const struct meant *meant)
{
	if (!meant->row)
		return;
	if (meant->kept[0] != '\0')
		findings_add(findings, VIEW_WARNING, rival->where,
			     "without the module %s, %s has no driver of the host, although no "
			     "rule gives it away; the rules need no such line",
			     rival->text, meant->kept);
	else
		findings_add(findings, VIEW_NOTE, rival->where,
			     "%s would not get %s even without this line", rival->text,
			     meant->taken);
}

static void audit_softdep(struct findings *findings, const struct rival *rival,
			  const struct meant *meant)
{
	if (meant->row)
		findings_add(
			findings, VIEW_NOTE, rival->where,
			"the softdep of %s is needless beside the rules, which are carried out "
			"before it is loaded; take it out",
			rival->text);
}

/*
 * What ids= or driverctl takes from the host, as no rule does. Whether the host needs any of it:
 * then nothing else is to be said.
 */
static bool audit_host(struct findings *findings, struct view *view, const struct rival *rival)
{
	const struct pci *pci = &view->forecast.pci;
	bool ids = rival->kind == RIVAL_IDS, needed = false;
	const char *what = ids ? "ids=" : "the override ";
	const char *which = ids ? rival->text : rival->driver;
	char name[PCINAMES_SENTENCE_MAX];

	for (size_t i = 0; i < pci->count; i++) {
		const struct pci_device *device = &pci->devices[i];
		const char *reason = view_reason(view, device), *use = view_use(view, device);

		if (!rivals_means(rival, pci, device) || view_is_taken(view_row(view, device)))
			continue;
		pcinames_sentence(&view->names, device, name, sizeof(name));
		if (reason)
			findings_add(findings, VIEW_WARNING, rival->where,
				     "%s%s takes %s, which the host needs: %s; %s", what, which,
				     name, reason, rivals_cure(rival));
		else if (use)
			findings_add(findings, VIEW_WARNING, rival->where,
				     "%s%s takes %s, which " VIEW_USED, what, which, name, use);
		needed |= reason != NULL;
	}
	return needed;
}

void audit_rivals(struct findings *findings, struct view *view, const struct rivals *rivals)
{
	for (size_t i = 0; i < rivals->count; i++) {
		const struct rival *rival = &rivals->list[i];
		struct meant meant;

		if (rival->kind == RIVAL_BAD) {
			findings_add(findings, VIEW_NOTE, rival->where, "found '%s', expected %s",
				     rival->text, rival->expected);
			continue;
		}
		if ((rival->kind == RIVAL_IDS || rival->kind == RIVAL_DRIVERCTL) &&
		    !rivals_is_for_host(rival) && audit_host(findings, view, rival))
			continue;
		find_meant(view, rival, &meant);
		if (rival->kind == RIVAL_IDS)
			audit_ids(findings, rival, &meant);
		else if (rival->kind == RIVAL_DRIVERCTL)
			audit_driverctl(findings, rival, &meant);
		else if (rival->kind == RIVAL_SOFTDEP)
			audit_softdep(findings, rival, &meant);
		else
			audit_blacklist(findings, rival, &meant);
	}
}
