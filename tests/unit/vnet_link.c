// SPDX-License-Identifier: GPL-2.0
/*
 * Links of the kind "vnet" by netlink, as programs make and see them:
 *
 *	vnet_link add NAME [network NAME] [alias NAME] [address MAC]	NAME may be empty
 *	vnet_link show NAME		its kind, network, and alias
 */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "../../vdev/vnet/link.h"

struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char attributes[1024];
};

union answer {
	struct nlmsghdr head;
	char bytes[32768];
};

static struct rtattr *end_of(struct request *r)
{
	return (struct rtattr *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));
}

static struct rtattr *put(struct request *r, int type, const void *data, int length)
{
	struct rtattr *a = end_of(r);

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(length);
	memcpy(RTA_DATA(a), data, length);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void end(struct request *r, struct rtattr *nest)
{
	nest->rta_len = (char *)end_of(r) - (char *)nest;
}

/* Has the kernel answer; an error is said, with the kernel's own words if there are some. */
static bool ask(struct request *r, union answer *answer)
{
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), one = 1;
	struct nlmsgerr *error = NLMSG_DATA(&answer->head);
	struct rtattr *a;
	int left;

	setsockopt(s, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (send(s, r, r->head.nlmsg_len, 0) < 0 || recv(s, answer, sizeof(*answer), 0) < 0) {
		perror("vnet_link");
		return false;
	}
	close(s);
	if (answer->head.nlmsg_type != NLMSG_ERROR || !error->error)
		return true;
	a = (struct rtattr *)(error + 1);
	left = answer->head.nlmsg_len - NLMSG_LENGTH(sizeof(*error));
	while (answer->head.nlmsg_flags & NLM_F_ACK_TLVS && RTA_OK(a, left) &&
	       a->rta_type != NLMSGERR_ATTR_MSG)
		a = RTA_NEXT(a, left);
	if (answer->head.nlmsg_flags & NLM_F_ACK_TLVS && RTA_OK(a, left))
		printf("%s: %s\n", strerror(-error->error), (char *)RTA_DATA(a));
	else
		printf("%s\n", strerror(-error->error));
	return false;
}

static int add(char **word)
{
	static struct request r = {
		.head = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(r.info)),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		},
	};
	static union answer answer;
	struct rtattr *info, *data;
	const char *network = NULL;
	unsigned char mac[6];

	if (**word)
		put(&r, IFLA_IFNAME, *word, strlen(*word) + 1);
	for (word++; word[0] && word[1]; word += 2) {
		if (!strcmp(word[0], "network"))
			network = word[1];
		else if (!strcmp(word[0], "alias"))
			/* As ip(8) does it: without a zero at the end */
			put(&r, IFLA_IFALIAS, word[1], strlen(word[1]));
		else if (sscanf(word[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
				mac + 3, mac + 4, mac + 5) == 6)
			put(&r, IFLA_ADDRESS, mac, sizeof(mac));
	}
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	put(&r, IFLA_INFO_KIND, "vnet", 4);
	if (network) {
		data = put(&r, IFLA_INFO_DATA, NULL, 0);
		put(&r, IFLA_VNET_NETWORK, network, strlen(network) + 1);
		end(&r, data);
	}
	end(&r, info);
	return !ask(&r, &answer);
}

/* The attribute of this type, or NULL */
static struct rtattr *find(struct rtattr *a, int left, int type)
{
	for (; a && RTA_OK(a, left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static struct rtattr *within(struct rtattr *nest, int type)
{
	return nest ? find(RTA_DATA(nest), RTA_PAYLOAD(nest), type) : NULL;
}

static void print(const struct rtattr *a)
{
	printf(" %.*s", a ? (int)RTA_PAYLOAD(a) : 1, a ? (char *)RTA_DATA(a) : "-");
}

static int show(const char *name)
{
	static struct request r = {
		.head = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(r.info)),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST,
		},
	};
	static union answer answer;
	struct rtattr *first, *info;
	int left;

	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (!ask(&r, &answer))
		return 1;
	first = IFLA_RTA(NLMSG_DATA(&answer.head));
	left = IFLA_PAYLOAD(&answer.head);
	info = find(first, left, IFLA_LINKINFO);
	printf("kind");
	print(within(info, IFLA_INFO_KIND));
	printf(" network");
	print(within(within(info, IFLA_INFO_DATA), IFLA_VNET_NETWORK));
	printf(" alias");
	print(find(first, left, IFLA_IFALIAS));
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "add"))
		return add(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "show"))
		return show(argv[2]);
	return 2;
}
