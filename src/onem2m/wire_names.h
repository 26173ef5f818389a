/* Every PROPOSED name and number of the Mmaf and Mmef reference points (spec/wire §2, §3), in one place:
 * TS-0032 was not available, and when it is, only this file changes. Names that TS-0004 defines stand here
 * too, marked V.
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
#define WIRE_MEF_BASE       "sec:mefb"
#define WIRE_MEF_CLIENT_REG "sec:mefcr"
#define WIRE_MEF_CLIENT_CMD "sec:mefcc"
#define WIRE_ATTRIBUTE_LIST "m2m:atrl" /* V */
#define WIRE_URI_LIST       "m2m:uril" /* V */
#define WIRE_REF_LIST       "m2m:rrl"  /* V */
#define WIRE_DEBUG          "m2m:dbg"

/* Resource names. */
#define WIRE_MAF_BASE_NAME "maf"
#define WIRE_MEF_BASE_NAME "mef"
#define WIRE_COMMAND_NAME  "cmd" /* of the mefClientCmd below a mefClientReg */
#define WIRE_BASE_ALIAS    "-"

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
#define WIRE_CH   "ch"  /* V */
#define WIRE_ADFQ "adfq"
#define WIRE_ASKI "aski"
#define WIRE_MCCF "mccf"
#define WIRE_SUID "suid"
#define WIRE_TGIS "tgis"
#define WIRE_KYV  "kyv"
#define WIRE_FQDN "fqdn"
#define WIRE_DCFU "dcfu" /* deviceConfigURI, of the MEFBase and in devCfgCmdArgs */
#define WIRE_CMID "cmid"
#define WIRE_CMDS "cmds"
#define WIRE_CMSC "cmsc"

/* Inside a cmdDescription. */
#define WIRE_CMCI "cmci" /* cmdClassID */
#define WIRE_CMAR "cmar" /* cmdArgs, with one member: */
#define WIRE_NMCA "nmca" /* noMoreCmdArgs */
#define WIRE_RTDU "rtdu"
#define WIRE_CPCA "cpca" /* certProvCmdArgs */
#define WIRE_CPPI "cppi"
#define WIRE_URI  "uri"
#define WIRE_CSTY "csty"
#define WIRE_CSID "csid"
#define WIRE_DCCA "dcca" /* devCfgCmdArgs */
#define WIRE_MNCA "mnca" /* MONodeCmdArgs */
#define WIRE_OBP  "obp"
#define WIRE_OTI  "oti"
#define WIRE_OTSA "otsa" /* objectTypeSpecificArgs */
#define WIRE_CTID "ctid" /* targetID */

/* Credential fetch (TS-0003 8.3.2.1): path V, members of the answer P. */
#define WIRE_FETCH              "fetchCredentials"
#define WIRE_FETCH_STATUS       "status"
#define WIRE_FETCH_CREDENTIAL   "credential"
#define WIRE_FETCH_ENROLEE      "enroleeID"
#define WIRE_FETCH_LIFETIME     "lifetime"
#define WIRE_FETCH_ERROR_STRING "errorString"

/* Parameters of primitives (all V). */
#define WIRE_OP   "op"
#define WIRE_TO   "to"
#define WIRE_FR   "fr"
#define WIRE_RQI  "rqi"
#define WIRE_RVI  "rvi"
#define WIRE_OT   "ot"
#define WIRE_RQET "rqet"
#define WIRE_RSET "rset"
#define WIRE_RCN  "rcn"
#define WIRE_RT   "rt"
#define WIRE_RTV  "rtv" /* value inside rt */
#define WIRE_DRT  "drt"
#define WIRE_FC   "fc"
#define WIRE_PC   "pc"
#define WIRE_RSC  "rsc"
#define WIRE_ATRL "atrl" /* in a query */

/* Filter criteria (all V); lbl and ty are named as the attributes are. */
#define WIRE_FU   "fu"
#define WIRE_FO   "fo"
#define WIRE_LIM  "lim"
#define WIRE_OFST "ofst"
#define WIRE_CRB  "crb"
#define WIRE_CRA  "cra"
#define WIRE_MS   "ms"
#define WIRE_US   "us"
#define WIRE_EXB  "exb"
#define WIRE_EXA  "exa"

/* Inside a reference list (all V). */
#define WIRE_RRF "rrf"
#define WIRE_NM  "nm"
#define WIRE_TYP "typ"
#define WIRE_VAL "val"

/* mafClientCfg and mefClientCfg. */
#define WIRE_CRGC "crgc"
#define WIRE_KRGC "krgc"
#define WIRE_HTPT "htpt"
#define WIRE_COPT "copt"
#define WIRE_WSPT "wspt"

/* Options of the CoAP binding (TS-0008, all V): critical, not repeatable. Those beside FR, RQI, TY, RVI and
 * the three times are named to be known, not used. */
#define WIRE_COAP_OT    259
#define WIRE_COAP_RTURI 263
#define WIRE_COAP_TY    267
#define WIRE_COAP_RVI   271
#define WIRE_COAP_ASRI  275
#define WIRE_COAP_FR    279
#define WIRE_COAP_RQI   283
#define WIRE_COAP_RQET  291
#define WIRE_COAP_RSET  295
#define WIRE_COAP_OET   299
#define WIRE_COAP_EC    303
#define WIRE_COAP_RSC   307
#define WIRE_COAP_GID   311
#define WIRE_COAP_CTO   319
#define WIRE_COAP_CTS   323
#define WIRE_COAP_ATI   327
#define WIRE_COAP_VSI   331
#define WIRE_COAP_GTM   335
#define WIRE_COAP_AUS   339

/* Content-Formats of the CoAP binding (TS-0008; the first two RFC 7252 and RFC 8949; all V). */
#define WIRE_COAP_JSON     50
#define WIRE_COAP_CBOR     60
#define WIRE_COAP_RES_JSON 10001
#define WIRE_COAP_RES_CBOR 10010

/* Limits (PROPOSED). */
#define WIRE_KEY_VALUE_MIN 16 /* octets of a Key Value, even */
#define WIRE_KEY_VALUE_MAX 64

#endif
