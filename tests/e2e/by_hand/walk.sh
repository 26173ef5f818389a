#!/usr/bin/env bash
# The walk of remote provisioning with none of our code: two devices made of this shell and of openssl, gnutls-cli and
# coap-client go from their Kpm to a key that one registers and the other retrieves (docs/by-hand.md).
#
# Usage: walk.sh openssl|gnutls https|coaps     from the environment:
#   MEF MAF                      host:port of each
#   MEF_FQDN MAF_FQDN ADMIN
#   SOURCE TARGET                the devices' AE-IDs
#   SOURCE_KPMID TARGET_KPMID    and the files that hold Kpm in hex: SOURCE_KPM TARGET_KPM
# The keys are arguments of the tools, which take them no other way: for trying out, not for use.
set -euo pipefail
export LC_ALL=C
tool=$1 binding=$2
later=20991231T235959
usage_label='oneM2M Enrolment Key to Usage-Constrained Symmetric Key derivation'

say() { printf '%s\n' "$*"; }
die() { printf 'walk.sh: %s\n' "$*" >&2; exit 1; }

# ---- a session: what we write is typed into the tool, what it prints is read ----

open_session() { # HOST:PORT SERVER-NAME IDENTITY KEY LABEL; sets exported
  local line command=()
  case $tool in
    openssl)
      command=(openssl s_client -connect "$1" -servername "$2" -psk_identity "$3" -psk "$4" -keymatexport "$5"
               -keymatexportlen 48 -nocommands)
      [ "$binding" = https ] && command+=(-tls1_2 -cipher PSK-AES128-CBC-SHA256)
      [ "$binding" = coaps ] && command+=(-dtls1_2 -cipher PSK-AES128-CCM8:@SECLEVEL=0) ;;
    gnutls)
      command=(gnutls-cli --port "${1##*:}" --sni-hostname "$2" --pskusername "$3" --pskkey "$4" --keymatexport "$5"
               --keymatexportsize 48 --no-ca-verification)
      [ "$binding" = https ] && command+=(--priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+PSK)
      [ "$binding" = coaps ] && command+=(--udp --priority NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK:+AES-128-CCM-8)
      command+=("${1%:*}") ;;
  esac
  coproc PEER { exec "${command[@]}" 2>&1; }
  take_peer
  exported=
  while IFS= read -r -t 30 line <&3; do
    case $line in
      *'Keying material: '* | *'Key material: '*) exported=$(tr a-f A-F <<<"${line##*: }") ;;
      --- | '- Simple Client Mode:') [ -n "$exported" ] && return ;;
    esac
  done
  die "no session with $2 as $3"
}

take_peer() { # what the tool prints is at 3, what it reads at 4
  peer=$PEER_PID
  # shellcheck disable=SC1083
  exec 3<&"${PEER[0]}" 4>&"${PEER[1]}" {PEER[0]}<&- {PEER[1]}>&-
}

close_session() {
  exec 3<&- 4>&-
  kill "$peer" 2>/dev/null || true
  wait "$peer" 2>/dev/null || true
}

# ---- HTTP (TS-0009), typed into the session ----

http() { # METHOD PATH IDENTITY [TYPE CONTENT]; sets rsc and body
  local line length=0
  {
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nX-M2M-Origin: %s\r\nX-M2M-RI: by-hand\r\nX-M2M-RVI: 3\r\n' "$1" "$2" "$MAF_FQDN" "$3"
    [ $# -lt 4 ] || printf 'Content-Type: application/json; ty=%s\r\nContent-Length: %s\r\n' "$4" "${#5}"
    printf '\r\n%s' "${5:-}"
  } >&4
  rsc=
  while IFS= read -r -t 30 line <&3; do
    line=${line%$'\r'}
    case $line in
      [Xx]-[Mm]2[Mm]-[Rr][Ss][Cc]:*) rsc=${line##*: } ;;
      [Cc]ontent-[Ll]ength:*) length=${line##*: } ;;
      '') [ -z "$rsc" ] || break ;;
    esac
  done
  IFS= read -r -t 30 -N "$length" body <&3
}

# ---- CoAP (TS-0008), by coap-client: one session a request ----

coap() { # METHOD PATH IDENTITY [TYPE CONTENT] as $kmid with $km; sets rsc and body
  local secret line payload=()
  # shellcheck disable=SC2059
  printf -v secret "$(sed 's/../\\x&/g' <<<"$km")"
  [ $# -lt 4 ] || payload=(-O "267,0x$(printf %04x "$4")" -t 50 -e "$5")
  coproc PEER { exec "coap-client-$tool" -v 7 -B 30 -u "$kmid" -k "$secret" -m "$1" -O "279,$3" -O 283,by-hand -O 271,3 -A 50 \
    "${payload[@]}" "coaps://localhost:${MAF##*:}/_/$MAF_FQDN$2" 2>&1; }
  take_peer
  # It does not know oneM2M's options, which are critical, so the response goes no further than its log.
  while IFS= read -r -t 30 line <&3 && ! [[ $line =~ ^v:1\ t:.*\ c:[245]\. ]]; do :; done
  close_session
  [[ $line =~ 307:\\x([0-9A-F]{2})\\x([0-9A-F]{2}) ]] || die "no response to $1 $2 as $kmid"
  rsc=$((0x${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
  body=$(sed -n "s/.* :: '\(.*\)'\$/\1/p" <<<"$line")
}

attribute() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" <<<"$body"; }
expect() { [ "$rsc" = "$1" ] || die "$2: $rsc $body"; }

# ---- the walk of one device ----

enrol() { # KPMID KPM: steps 1, 2 and 4; sets keid and km
  open_session "$MEF" "$MEF_FQDN" "$1" "$2" EXPORTER-oneM2M-Bootstrap
  close_session
  keid=${exported:0:32}@$MEF_FQDN
  km=$(printf %s "${usage_label}21$MAF_FQDN" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:${exported:32}" | sed 's/.*= *//')
}

enrol_for_coap() { # as enrol; coap-client takes a key as text, without the octet 0, so the next one if need be
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    enrol "$@"
    [[ " $(sed 's/../& /g' <<<"$km")" = *' 00 '* ]] || return 0
  done
  die "ten keys with an octet 0 in each"
}

register_client() { # IDENTITY: steps 5 to 10 with the KeID; sets kmid
  local content="{\"sec:mafcr\":{\"et\":\"$later\",\"adfq\":\"$ADMIN\"}}"
  if [ "$binding" = https ]; then
    open_session "$MAF" "$MAF_FQDN" "$keid" "$km" EXPORTER-oneM2M-Connection
    http POST /- "$1" 20002 "$content"
    close_session
  else
    kmid=$keid
    coap post /- "$1" 20002 "$content"
  fi
  expect 2001 "client registration of $1"
  kmid=$(attribute aski)
  [ "${kmid#*@}" = "$MAF_FQDN" ] || die "no KmID for $1 in $body"
}

provision() { # IDENTITY KPMID KPM-FILE: sets kmid and km
  if [ "$binding" = https ]; then enrol "$2" "$(cat "$3")"; else enrol_for_coap "$2" "$(cat "$3")"; fi
  register_client "$1"
  say "$1: $2, then $keid, then $kmid"
}

# ---- with the KmID: one registers a key, the other retrieves it ----

register_key() { # sets key and value (hex): with the exporter where the tool has one, with a value of our own else
  local content="{\"sec:skr\":{\"et\":\"$later\",\"adfq\":\"$ADMIN\",\"suid\":32,\"tgis\":[\"$TARGET\"]"
  if [ "$binding" = https ]; then
    open_session "$MAF" "$MAF_FQDN" "$kmid" "$km" EXPORTER-oneM2M-Connection
    http POST /- "$SOURCE" 20003 "$content}}"
    close_session
    value=${exported:32}
  else
    value=$(openssl rand -hex 32 | tr a-f A-F)
    coap post /- "$SOURCE" 20003 "$content,\"kyv\":\"$(basenc --base16 -d <<<"$value" | base64 -w 0)\"}}"
  fi
  expect 2001 "key registration"
  key=$(attribute rn)
  [ "$binding" = coaps ] || [ "$key" = "${exported:0:32}" ] || die "RelativeKeyID $key is not the exporter's"
}

retrieve_key() { # sets retrieved (hex)
  if [ "$binding" = https ]; then
    open_session "$MAF" "$MAF_FQDN" "$kmid" "$km" EXPORTER-oneM2M-Connection
    http GET "/-/$key" "$TARGET"
    close_session
  else
    coap get "/-/$key" "$TARGET"
  fi
  expect 2000 "key retrieval"
  retrieved=$(attribute kyv | base64 -d | basenc --base16 -w 0)
}

provision "$SOURCE" "$SOURCE_KPMID" "$SOURCE_KPM"
register_key
say "$SOURCE registered $key@$MAF_FQDN"
provision "$TARGET" "$TARGET_KPMID" "$TARGET_KPM"
retrieve_key
[ "$retrieved" = "$value" ] || die "the two devices hold different keys"
say "$TARGET retrieved it: the same 32 octets"
