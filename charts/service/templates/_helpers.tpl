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

{{/* repository:tag@digest: the digest decides what is pulled, the tag tells people what it is. */}}
{{- define "service.image" -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
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
{{- end -}}
