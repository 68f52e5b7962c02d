{{- define "node-pools.disk" -}}
- deviceName: {{ .device }}
  ebs:
    volumeSize: {{ int .gib }}Gi
    volumeType: gp3
    encrypted: true
    deleteOnTermination: true
{{- end }}

{{- define "node-pools.requirement" -}}
- key: {{ .key }}
  operator: {{ .operator | default "In" }}
  values:
    {{- range .values }}
    - {{ . | toString | quote }}
    {{- end }}
{{- end }}
