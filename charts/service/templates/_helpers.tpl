{{/* Name of every object: the release's. Short enough for suffixes such as -test. */}}
{{- define "service.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* What never changes in a release: selectors are immutable. */}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "service.labels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Not the service's own: a ServiceMonitor would take its Service for the service's. */}}
{{- define "service.pgadminLabels" -}}
app.kubernetes.io/name: {{ include "service.name" . }}-pgadmin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* repository:tag@digest: the digest decides what is pulled, the tag tells people what it is. */}}
{{- define "service.image" -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* Names of the Secrets whose keys become environment variables, as a JSON list. */}}
{{- define "service.secretNames" -}}
{{- $names := list -}}
{{- with .Values.secrets -}}
{{- if eq .from "existing" -}}
{{- $names = .names -}}
{{- else if eq .from "external-secrets" -}}
{{- $names = list (printf "%s-secrets" (include "service.name" $)) -}}
{{- else -}}
{{- if .vault.static.path -}}{{- $names = append $names (printf "%s-secrets" (include "service.name" $)) -}}{{- end -}}
{{- if .vault.dynamic.path -}}{{- $names = append $names (printf "%s-credentials" (include "service.name" $)) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/*
A key that the Secret of the External Secrets Operator has as soon as it was synced for secrets.revision. Containers
take it as a variable, so that none starts with values from before.
*/}}
{{- define "service.syncedKey" -}}
{{- with .Values.secrets -}}
{{- if and .revision (eq .from "external-secrets") -}}
SYNCED_{{ .revision | sha256sum | trunc 10 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The environment of a container. Takes `root`, and `also`, names of Secrets that it has besides. */}}
{{- define "service.env" -}}
{{- $ := .root -}}
{{- with include "service.syncedKey" $ -}}
env:
  - name: SECRETS_SYNCED
    valueFrom:
      secretKeyRef:
        name: {{ include "service.name" $ }}-secrets
        key: {{ . }}
{{ end -}}
{{- $secrets := concat (include "service.secretNames" $ | fromJsonArray) .also -}}
{{- if or $.Values.environment $secrets -}}
envFrom:
  {{- if $.Values.environment }}
  - configMapRef:
      name: {{ include "service.name" $ }}
  {{- end }}
  {{- range $secrets }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Of containers beside the service's own. */}}
{{- define "service.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "service.pullSecrets" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* What a container that works on the database has, besides its name and environment. Takes `root` and `command`. */}}
{{- define "service.databaseTool" -}}
image: {{ include "service.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: {{ toJson .command }}
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
securityContext:
  {{- include "service.containerSecurity" . | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end -}}

{{/* Where the service may connect to: DNS, and what the values name. */}}
{{- define "service.egress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- with .Values.networkPolicy.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "service.runbook" -}}
{{- with .Values.alerts.runbook -}}
runbook_url: {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* Combinations that a JSON schema cannot express. */}}
{{- define "service.check" -}}
{{- if gt (int .Values.replicas.min) (int .Values.replicas.max) -}}
{{- fail (printf "replicas.min %d is greater than replicas.max %d" (int .Values.replicas.min) (int .Values.replicas.max)) -}}
{{- end -}}
{{- if ge (int .Values.shutdown.drainSeconds) (int .Values.shutdown.graceSeconds) -}}
{{- fail "shutdown.graceSeconds must be greater than shutdown.drainSeconds, or the process gets no time to stop" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is empty: an ingress without a host takes every name; name one" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.gateway.name) -}}
{{- fail "httpRoute.gateway.name is empty: name the Gateway that the route belongs to" -}}
{{- end -}}
{{- if and .Values.provision.command (not .Values.provision.secrets) -}}
{{- fail "provision.secrets is empty: name a Secret with the administrator's address" -}}
{{- end -}}
{{- with .Values.secrets -}}
{{- $vault := or .vault.address .vault.role .vault.static.path .vault.dynamic.path -}}
{{- $external := or .externalSecrets.store .externalSecrets.keys -}}
{{- if or (and .names (ne .from "existing")) (and $external (ne .from "external-secrets")) (and $vault (ne .from "vault")) -}}
{{- fail (printf "secrets.from is %s, but another source has values too: leave those out, or change secrets.from" .from) -}}
{{- end -}}
{{- if and (eq .from "external-secrets") (not (and .externalSecrets.store .externalSecrets.keys)) -}}
{{- fail "secrets.externalSecrets needs store and keys" -}}
{{- end -}}
{{- if and (eq .from "vault") (not (and .vault.address .vault.role)) -}}
{{- fail "secrets.vault needs address and role" -}}
{{- end -}}
{{- if and (eq .from "vault") (not (or .vault.static.path .vault.dynamic.path)) -}}
{{- fail "secrets.vault names no secret: static.path or dynamic.path" -}}
{{- end -}}
{{- range $kind := list "static" "dynamic" -}}
{{- with index $.Values.secrets.vault $kind -}}
{{- if ne (empty .mount) (empty .path) -}}
{{- fail (printf "secrets.vault.%s needs mount and path" $kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.loadBalancer -}}
{{- if and .enabled (not (and .certificateArn .subnets)) -}}
{{- fail "loadBalancer needs certificateArn and subnets: it ends TLS, and pods accept its subnets alone" -}}
{{- end -}}
{{- if and .enabled (not .internal) (not .sourceRanges) -}}
{{- fail "loadBalancer.sourceRanges is empty: name who may connect from the Internet" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.alerts.enabled (not .Values.serviceMonitor.enabled) -}}
{{- fail "alerts need serviceMonitor.enabled: without it Prometheus has no figures to judge" -}}
{{- end -}}
{{- if and .Values.pgadmin.enabled (not (and .Values.pgadmin.email .Values.pgadmin.secretName)) -}}
{{- fail "pgadmin needs email and secretName" -}}
{{- end -}}
{{- end -}}

{{/* The specification of a Job's pod, up to its containers. */}}
{{- define "service.jobPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "service.pullSecrets" . }}
{{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.user }}
  runAsGroup: {{ .Values.user }}
  fsGroup: {{ .Values.user }}
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ .Values.tmpSize }}
{{- end -}}

{{/* The environment of a Job before a release, without the ConfigMap, which does not exist yet or is the one before. */}}
{{- define "service.jobEnv" -}}
{{- with .root.Values.environment -}}
env:
  {{- range $key, $value := . }}
  - name: {{ $key | quote }}
    value: {{ $value | quote }}
  {{- end }}
{{ end -}}
{{- with .secrets -}}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}
