process MORULA_CLUSTER {
    tag "${meta.id}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container "${workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container
        ? 'https://depot.galaxyproject.org/singularity/morula:0.1.0--0'
        : 'biocontainers/morula:0.1.0--0'}"

    input:
    tuple val(meta), path(counts)

    output:
    tuple val(meta), path("${prefix}.h5ad"), emit: h5ad
    tuple val(meta), path("${prefix}_model"), emit: model, optional: true
    tuple val(meta), path("${prefix}_report"), emit: report, optional: true
    tuple val(meta), path("${prefix}.json"), emit: summary
    path "versions.yml", emit: versions, topic: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}_morula"
    if ("${counts}" == "${prefix}.h5ad") {
        error("Input and output names are the same, use \"task.ext.prefix\" to disambiguate!")
    }
    """
    export RAYON_NUM_THREADS=${task.cpus}
    morula cluster \\
        ${counts} \\
        --device cpu \\
        --json --quiet \\
        ${args} \\
        --out ${prefix}.h5ad > ${prefix}.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        morula: \$(morula --version | sed 's/morula //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}_morula"
    """
    touch ${prefix}.h5ad ${prefix}.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        morula: \$(morula --version | sed 's/morula //')
    END_VERSIONS
    """
}
