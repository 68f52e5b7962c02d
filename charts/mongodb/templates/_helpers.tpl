{{/* The label that the operator gives the members (github.com/mongodb/mongodb-kubernetes 1.9.1, ServiceName). */}}
{{- define "mongodb.selector" -}}
app: {{ .Release.Name }}-svc
{{- end -}}

{{- define "mongodb.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.version | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "mongodb.spread" -}}
- topologyKey: {{ .key }}
  maxSkew: 1
  whenUnsatisfiable: DoNotSchedule
  labelSelector:
    matchLabels:
      {{- .selector | nindent 6 }}
{{- end -}}

{{- define "mongodb.claim" -}}
- metadata:
    name: {{ .name }}
  spec:
    storageClassName: {{ .class }}
    accessModes: [ReadWriteOnce]
    resources:
      requests:
        storage: {{ int .gib }}Gi
{{- end -}}
