// Generated from openapi.json by "npm run api"; never edited.

export interface paths {
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Changes
         * @description Server-sent events: which studies changed; resumes after Last-Event-ID.
         */
        get: operations["follow_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Server
         * @description How this server is reached.
         */
        get: operations["read_server"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Studies
         * @description One page of the study list; each word of ``q`` occurs in name, ID, accession number or description.
         */
        get: operations["list_studies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Study
         * @description A study and its series.
         */
        get: operations["read_study"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/archive.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Study
         * @description All instances of a study as a ZIP archive, byte for byte as stored.
         */
        get: operations["download_study"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/archive.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Series
         * @description All instances of a series as a ZIP archive, byte for byte as stored.
         */
        get: operations["download_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/instances/{instance}/attributes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Attributes
         * @description All attributes of an instance, for people to read.
         */
        get: operations["read_attributes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/studies/{study}/series/{series}/instances/{instance}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download Instance
         * @description One instance as a file, byte for byte as stored; ``version`` names one that is not shown.
         */
        get: operations["download_instance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/totals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Totals
         * @description How much the archive holds.
         */
        get: operations["read_totals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload
         * @description Take one DICOM file or ZIP archive as the body.
         */
        post: operations["upload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Attribute
         * @description One attribute of a data set, for people to read; ``items`` is there for sequences.
         */
        Attribute: {
            /** Items */
            items: components["schemas"]["Attribute"][][] | null;
            /** Keyword */
            keyword: string;
            /** Length */
            length: number;
            /** Name */
            name: string;
            /** Tag */
            tag: string;
            /** Value */
            value: string;
            /** Vr */
            vr: string;
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /**
         * PatientWithSameId
         * @description Another patient under the same Patient ID and issuer.
         */
        PatientWithSameId: {
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientname */
            PatientName: string;
            /** Number Of Studies */
            number_of_studies: number;
            /** Patient Key */
            patient_key: number;
        };
        /**
         * Problem
         * @description An error (RFC 9457).
         */
        Problem: {
            /** Detail */
            detail: string;
            /** Status */
            status: number;
            /** Title */
            title: string;
        };
        /**
         * Representative
         * @description The image that stands for a series; ``frame_number`` counts from 1.
         */
        Representative: {
            /** Sopinstanceuid */
            SOPInstanceUID: string;
            /** Frame Number */
            frame_number: number;
        };
        /**
         * Series
         * @description A series of a study.
         */
        Series: {
            /** Bodypartexamined */
            BodyPartExamined: string;
            /** Modality */
            Modality: string;
            /** Numberofseriesrelatedinstances */
            NumberOfSeriesRelatedInstances: number;
            /** Protocolname */
            ProtocolName: string;
            /** Seriesdescription */
            SeriesDescription: string;
            /** Seriesinstanceuid */
            SeriesInstanceUID: string;
            /** Seriesnumber */
            SeriesNumber: number | null;
            /** Is Image */
            is_image: boolean;
            /** Number Of Frames */
            number_of_frames: number;
            representative: components["schemas"]["Representative"] | null;
            /** Size Bytes */
            size_bytes: number;
            /** Sop Classes */
            sop_classes: components["schemas"]["SopClass"][];
            /** Thumbnail Url */
            thumbnail_url: string | null;
        };
        /**
         * Server
         * @description How this server is reached.
         */
        Server: {
            /** Ae Title */
            ae_title: string;
            /** Dicom Host */
            dicom_host: string;
            /** Dicom Port */
            dicom_port: number;
            /** Dicomweb Url */
            dicomweb_url: string;
            /** Is Demo */
            is_demo: boolean;
            /**
             * Unknown Peers
             * @enum {string}
             */
            unknown_peers: "refuse" | "accept";
            /** Version */
            version: string;
        };
        /**
         * SopClass
         * @description A SOP class and what it is called.
         */
        SopClass: {
            /** Name */
            name: string;
            /** Uid */
            uid: string;
        };
        /**
         * Study
         * @description A study in the list.
         */
        Study: {
            /** Accessionnumber */
            AccessionNumber: string;
            /** Issuerofpatientid */
            IssuerOfPatientID: string;
            /** Modalitiesinstudy */
            ModalitiesInStudy: string[];
            /** Numberofstudyrelatedinstances */
            NumberOfStudyRelatedInstances: number;
            /** Numberofstudyrelatedseries */
            NumberOfStudyRelatedSeries: number;
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientid */
            PatientID: string;
            /** Patientname */
            PatientName: string;
            /** Patientsex */
            PatientSex: string;
            /** Referringphysicianname */
            ReferringPhysicianName: string;
            /** Studydate */
            StudyDate: string;
            /** Studydescription */
            StudyDescription: string;
            /** Studyid */
            StudyID: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
            /** Studytime */
            StudyTime: string;
            /** First Received At */
            first_received_at: string;
            /** Identity Conflict */
            identity_conflict: boolean;
            /** Last Received At */
            last_received_at: string;
            /** Patient Key */
            patient_key: number;
            /** Size Bytes */
            size_bytes: number;
            /**
             * Status
             * @enum {string}
             */
            status: "receiving" | "complete";
            /** Version Conflicts */
            version_conflicts: number;
        };
        /**
         * StudyDetail
         * @description A study with its series.
         */
        StudyDetail: {
            /** Accessionnumber */
            AccessionNumber: string;
            /** Issuerofpatientid */
            IssuerOfPatientID: string;
            /** Modalitiesinstudy */
            ModalitiesInStudy: string[];
            /** Numberofstudyrelatedinstances */
            NumberOfStudyRelatedInstances: number;
            /** Numberofstudyrelatedseries */
            NumberOfStudyRelatedSeries: number;
            /** Patientbirthdate */
            PatientBirthDate: string;
            /** Patientid */
            PatientID: string;
            /** Patientname */
            PatientName: string;
            /** Patientsex */
            PatientSex: string;
            /** Referringphysicianname */
            ReferringPhysicianName: string;
            /** Studydate */
            StudyDate: string;
            /** Studydescription */
            StudyDescription: string;
            /** Studyid */
            StudyID: string;
            /** Studyinstanceuid */
            StudyInstanceUID: string;
            /** Studytime */
            StudyTime: string;
            /** First Received At */
            first_received_at: string;
            /** Identity Conflict */
            identity_conflict: boolean;
            /** Last Received At */
            last_received_at: string;
            /** Patient Key */
            patient_key: number;
            /** Same Patient Id */
            same_patient_id: components["schemas"]["PatientWithSameId"][];
            /** Series */
            series: components["schemas"]["Series"][];
            /** Size Bytes */
            size_bytes: number;
            /**
             * Status
             * @enum {string}
             */
            status: "receiving" | "complete";
            /** Version Conflicts */
            version_conflicts: number;
        };
        /**
         * StudyPage
         * @description One page of the study list; ``total`` is a lower bound unless ``total_is_exact``.
         */
        StudyPage: {
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Studies */
            studies: components["schemas"]["Study"][];
            /** Total */
            total: number;
            /** Total Is Exact */
            total_is_exact: boolean;
        };
        /**
         * Totals
         * @description How much the archive holds, and how much more fits.
         */
        Totals: {
            /** Free Bytes */
            free_bytes: number;
            /** Instances */
            instances: number;
            /** Patients */
            patients: number;
            /** Series */
            series: number;
            /** Size Bytes */
            size_bytes: number;
            /** Studies */
            studies: number;
        };
        /**
         * UploadResult
         * @description What became of one uploaded file, or of one member of an uploaded ZIP archive.
         */
        UploadResult: {
            /** Patientname */
            PatientName: string | null;
            /** Sopinstanceuid */
            SOPInstanceUID: string | null;
            /** Studyinstanceuid */
            StudyInstanceUID: string | null;
            /** Name */
            name: string;
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "stored" | "duplicate" | "version" | "skipped" | "failed";
            /** Reason */
            reason: string | null;
        };
        /**
         * UploadResults
         * @description What became of an upload.
         */
        UploadResults: {
            /** Results */
            results: components["schemas"]["UploadResult"][];
        };
        /** ValidationError */
        ValidationError: {
            /** Context */
            ctx?: Record<string, never>;
            /** Input */
            input?: unknown;
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    follow_changes: {
        parameters: {
            query?: never;
            header?: {
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_server: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Server"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_studies: {
        parameters: {
            query?: {
                q?: string | null;
                StudyDate?: string | null;
                ModalitiesInStudy?: string[] | null;
                PatientID?: string | null;
                PatientName?: string | null;
                AccessionNumber?: string | null;
                StudyInstanceUID?: string | null;
                status?: ("receiving" | "complete") | null;
                sort?: string | null;
                page?: number;
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudyPage"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_study: {
        parameters: {
            query?: {
                patient_key?: number | null;
            };
            header?: never;
            path: {
                study: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudyDetail"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_study: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_series: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
                series: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_attributes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                study: string;
                series: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attribute"][];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    download_instance: {
        parameters: {
            query?: {
                version?: number | null;
            };
            header?: never;
            path: {
                study: string;
                series: string;
                instance: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_totals: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Totals"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload: {
        parameters: {
            query?: {
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResults"];
                };
            };
            /** @description The request cannot be understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
}
