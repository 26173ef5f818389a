/* Every PROPOSED name and number of the Mmaf reference point (spec/wire §2, §3), in one place: TS-0032 was
 * not available, and when it is, only this file changes. Names that TS-0004 defines stand here too, marked V.
 */
#ifndef OPENMAF_ONEM2M_WIRE_NAMES_H
#define OPENMAF_ONEM2M_WIRE_NAMES_H

/* Resource types. */
#define WIRE_TY_MAF_BASE       20001
#define WIRE_TY_MAF_CLIENT_REG 20002
#define WIRE_TY_SYMM_KEY_REG   20003
#define WIRE_TY_MEF_BASE       20004
#define WIRE_TY_MEF_CLIENT_REG 20005
#define WIRE_TY_MEF_CLIENT_CMD 20006

/* Members that carry a resource in content. */
#define WIRE_MAF_BASE       "sec:mafb"
#define WIRE_MAF_CLIENT_REG "sec:mafcr"
#define WIRE_SYMM_KEY_REG   "sec:skr"
#define WIRE_ATTRIBUTE_LIST "m2m:atrl" /* V */
#define WIRE_URI_LIST       "m2m:uril" /* V */
#define WIRE_REF_LIST       "m2m:rrl"  /* V */
#define WIRE_DEBUG          "m2m:dbg"

/* Resource names. */
#define WIRE_BASE_NAME  "maf"
#define WIRE_BASE_ALIAS "-"

/* Attributes. */
#define WIRE_TY   "ty"  /* V */
#define WIRE_RI   "ri"  /* V */
#define WIRE_RN   "rn"  /* V */
#define WIRE_PI   "pi"  /* V */
#define WIRE_CT   "ct"  /* V */
#define WIRE_LT   "lt"  /* V */
#define WIRE_ET   "et"  /* V */
#define WIRE_LBL  "lbl" /* V */
#define WIRE_CR   "cr"  /* V */
#define WIRE_SRV  "srv" /* V */
#define WIRE_ADFQ "adfq"
#define WIRE_ASKI "aski"
#define WIRE_MCCF "mccf"
#define WIRE_SUID "suid"
#define WIRE_TGIS "tgis"
#define WIRE_KYV  "kyv"
#define WIRE_FQDN "fqdn"

/* mafClientCfg. */
#define WIRE_CRGC "crgc"
#define WIRE_KRGC "krgc"
#define WIRE_HTPT "htpt"
#define WIRE_COPT "copt"
#define WIRE_WSPT "wspt"

/* Limits (PROPOSED). */
#define WIRE_KEY_VALUE_MIN 16 /* octets of a Key Value, even */
#define WIRE_KEY_VALUE_MAX 64

#endif
